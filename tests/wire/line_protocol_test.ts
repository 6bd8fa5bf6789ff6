import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { ClientError } from "../../src/hub/client_error.ts";
import { LINE_MAX, lineSlices, type Precision } from "../../src/wire/line_protocol.ts";
import { finish } from "../../src/wire/records.ts";

const NOW = Date.UTC(2026, 0, 5, 12);

const read = (text: string, precision?: Precision) =>
  finish(lineSlices(text, { now: NOW, precision }));
const some = (text: string) => finish(lineSlices(text, { now: NOW, partial: true }));
const brief = (text: string) => read(text).ticks.map(({ symbol, price }) => [symbol, price]);

function reasonOf(text: string, precision?: Precision): string {
  try {
    read(text, precision);
  } catch (error) {
    assert.ok(error instanceof ClientError, String(error));
    assert.equal(error.code, "bad_tick");
    return error.message.slice("Cannot read ticks: ".length);
  }
  assert.fail(`read: ${text}`);
}

describe("Line protocol", () => {
  test("A field is a tick of the symbol made of measurement, field and tags", () => {
    const { ticks, skipped } = read(
      `cpu,host=web-1,cpu=cpu0 usage_idle=98.1,usage_user=1i ${NOW}000000`,
    );
    assert.equal(skipped, 0);
    const rest = { time: NOW, size: null, bid: null, ask: null };
    assert.deepEqual(ticks, [
      { symbol: "cpu.usage_idle:cpu=cpu0:host=web-1", price: 98.1, ...rest },
      { symbol: "cpu.usage_user:cpu=cpu0:host=web-1", price: 1, ...rest },
    ]);
  });

  test("The field name value is left out of the symbol, and the order of tags does not matter", () => {
    assert.deepEqual(brief("temp,room=kitchen value=21.5"), [["temp:room=kitchen", 21.5]]);
    assert.deepEqual(brief("m,b=2,a=1 x=1\nm,a=1,b=2 x=2"), [["m.x:a=1:b=2", 1], [
      "m.x:a=1:b=2",
      2,
    ]]);
  });

  test("Numbers, integers, unsigned integers and booleans are prices, and strings are skipped", () => {
    const { ticks, skipped } = read(
      'm a=-1.5e3,b=7i,c=8u,d=t,e=FALSE,f="x, y=1",g="a \\"b\\"",h=.5,i=True',
    );
    assert.deepEqual(ticks.map(({ price }) => price), [-1_500, 7, 8, 1, 0, 0.5, 1]);
    assert.equal(skipped, 2);
  });

  test("Characters outside symbols become an underscore, and escapes are read", () => {
    assert.deepEqual(brief("win\\ disk,instance=C:\\ drive,a\\=b=c\\,d free\\ space=1"), [
      ["win_disk.free_space:a=b=c_d:instance=C:_drive", 1],
    ]);
    assert.deepEqual(brief("m,path=C:\\Windows x=1"), [["m.x:path=C:_Windows", 1]]);
    assert.deepEqual(brief("größe x=1"), [["gr__e.x", 1]]);
  });

  test("Times are nanoseconds unless a precision is given, to the microsecond", () => {
    const timeOf = (time: string, precision?: Precision) =>
      read(`m x=1 ${time}`, precision).ticks[0]!.time;
    assert.equal(timeOf(`${NOW}000000`), NOW);
    assert.ok(Math.abs(timeOf(`${NOW}123456`) - NOW - 0.123456) < 0.0005);
    assert.equal(timeOf(`${NOW}250`, "us"), NOW + 0.25);
    assert.equal(timeOf(`${NOW}250`, "u"), NOW + 0.25);
    assert.equal(timeOf(String(NOW), "ms"), NOW);
    assert.equal(timeOf(String(NOW / 1_000), "s"), NOW);
    assert.equal(timeOf(String(NOW / 60_000), "m"), NOW);
    assert.equal(timeOf(String(NOW / 3_600_000), "h"), NOW);
    assert.equal(read("m x=1").ticks[0]!.time, NOW);
  });

  test("A time in another unit or more than a day ahead is refused in words", () => {
    assert.match(reasonOf(`m x=1 ${NOW}`), /^line 1: time "\d+" is not in ns: name its unit/);
    assert.match(reasonOf(`m x=1 ${NOW}000000`, "s"), /is not in s/);
    assert.match(reasonOf("m x=1 -5", "ms"), /is not in ms/);
    assert.match(reasonOf(`m x=1 ${NOW + 86_400_001}`, "ms"), /is more than a day ahead$/);
    assert.match(reasonOf("m x=1 1.5"), /time "1.5" is not a whole number$/);
  });

  test("Blank lines and comments are skipped, and errors name the line", () => {
    assert.deepEqual(brief("\n# m x=1\r\n  \nm x=1\r\n\r\n"), [["m.x", 1]]);
    assert.deepEqual(brief(""), []);
    assert.match(reasonOf("m x=1\n\n# c\nm x=oops"), /^line 4: field "x": "oops" is neither/);
    assert.match(reasonOf('m s="a\nb",x=1\nm x='), /^line 3: field "x" has no value$/);
  });

  test("A malformed point is refused in words", () => {
    const wrong: [text: string, reason: RegExp][] = [
      ["cpu", /the fields are missing$/],
      ["cpu ", /the fields are missing$/],
      [",a=1 x=1", /the measurement is missing$/],
      ["cpu,a x=1", /tag "a" has no value$/],
      ["cpu,a= x=1", /tag "a" has no value$/],
      ["cpu,=1 x=1", /the name of a tag is missing$/],
      ["cpu x", /field "x" has no value$/],
      ["cpu x=1,", /the name of a field is missing$/],
      ["cpu x=NaN", /"NaN" is neither number, boolean nor text$/],
      ["cpu x=1e999", /is neither/],
      ["cpu x=1.5i", /is neither/],
      ["cpu x=0x10", /is neither/],
      ['cpu x="open', /a quote is not closed$/],
      ['cpu x="a"b', /text follows a closing quote$/],
      [`cpu x=1 ${NOW}000000 y`, /text follows the time$/],
      [`cpu,a=${"x".repeat(250)} y=1`, /a symbol has at most 255 characters$/],
      ["=cmd x=1", /^line 1: symbol "=cmd\.x": a symbol does not begin with = - or @$/],
      ["-1 value=1", /a symbol does not begin with = - or @$/],
    ];
    for (const [text, reason] of wrong) assert.match(reasonOf(text), reason, text);
  });

  test("A symbol has at most 255 characters", () => {
    const line = (length: number) => `cpu,a=${"x".repeat(length - "cpu.y:a=".length)} y=1`;
    assert.equal(read(line(255)).ticks[0]!.symbol.length, 255);
    assert.match(reasonOf(line(256)), /^line 1: symbol "cpu\.y:a=x+": a symbol has at most 255/);
    assert.ok(reasonOf(line(100_000)).length < 250);
  });

  test("The good lines of a batch are taken, and the first bad one is reported", () => {
    const { ticks, skipped, bad } = some('m x=1\nm x=2,y=oops\n\n# c\ncpu\nm s="a",x=3');
    assert.deepEqual(ticks.map(({ price }) => price), [1, 3]);
    assert.equal(skipped, 1);
    const { line, text, reason, count } = bad!;
    assert.deepEqual([line, text, count], [2, "m x=2,y=oops", 2]);
    assert.equal(reason, 'field "y": "oops" is neither number, boolean nor text');
    assert.equal(some("m x=1\n").bad, undefined);
  });

  test("The text of a string on a bad line is not read as a point", () => {
    const { ticks, bad } = some(
      'm x=1\nm s="a\ncpu x=666\nb \\" c\ncpu x=667",y=oops\nm x=2\nm x=',
    );
    assert.deepEqual(ticks.map(({ symbol, price }) => [symbol, price]), [["m.x", 1], ["m.x", 2]]);
    assert.deepEqual([bad!.line, bad!.text.split("\n")[0], bad!.count], [2, 'm s="a', 5]);
    assert.match(reasonOf('m s="a\nb",y=\n'), /^line 1: /);
    const open = some('m x=1\nm s="a\nm x=2\nm x=3\n');
    assert.deepEqual([open.ticks.length, open.bad!.line, open.bad!.count], [1, 2, 3]);
    // A quote in a tag does not open a string.
    const tagged = some('m,t="a\nm,t=a" x\nm x=1');
    assert.deepEqual([tagged.ticks.length, tagged.bad!.count], [1, 2]);
  });

  test("A line has at most 1 MiB", () => {
    const text = (length: number) => `m x=1,s="${"a".repeat(length - 10)}"`;
    assert.equal(read(`${text(LINE_MAX)}\nm x=2`).ticks.length, 2);
    for (
      const line of [
        text(LINE_MAX + 1),
        "m".repeat(LINE_MAX + 1),
        `m,a=${"b".repeat(LINE_MAX)} x=1`,
        `m x=${"1".repeat(LINE_MAX)}`,
        `m${",a=b".repeat(LINE_MAX / 4)} x=1`,
      ]
    ) {
      const { ticks, bad } = some(`${line}\nm x=2\n`);
      assert.deepEqual(ticks.map(({ price }) => price), [2]);
      assert.deepEqual([bad!.line, bad!.count, bad!.text.length], [1, 1, 101]);
      assert.equal(bad!.reason, "the line has more than 1048576 characters");
    }
  });

  test("Reading pauses regularly, for lines of any length", () => {
    for (const line of ["m x=1\n", "x\n", `m x=1,s="${"a".repeat(10_000)}"\n`]) {
      const reading = lineSlices(line.repeat(2_500), { now: NOW, partial: true });
      let rests = 0;
      while (!reading.next().done) rests++;
      assert.ok(rests >= 2, line.slice(0, 10));
    }
  });

  test("Bad lines do not change the ticks of good lines", () => {
    const good = fc.constantFrom("m x=1", 'm s="a\nb",x=2', "m,t=a\\ b x=3", "# c", "", "  m x=4 ");
    const bad = fc.constantFrom(
      "m",
      "m x",
      ",a x=1",
      'm s="a\nm x=9",y',
      "m x=1 x",
      "m,a x=9",
      '"',
    );
    const line = fc.oneof(good, bad.map((text) => ({ bad: text })));
    fc.assert(
      fc.property(fc.array(line, { maxLength: 20 }), (lines) => {
        const isGood = (line: string | { bad: string }) => typeof line === "string";
        const texts = lines.map((line) => typeof line === "string" ? line : line.bad);
        const all = some(texts.join("\n"));
        assert.deepEqual(all.ticks, read(lines.filter(isGood).join("\n")).ticks);
        const badText = lines.filter((line) => !isGood(line)).map((line) =>
          (line as { bad: string }).bad
        );
        assert.equal(all.bad?.count ?? 0, badText.join("\n").split("\n").filter(Boolean).length);
      }),
      { numRuns: 2_000 },
    );
  });

  test("Points of an agent are read", () => {
    // In the form of Telegraf's inputs cpu, mem, system, net and diskio.
    const { ticks, skipped } = read(
      [
        `cpu,cpu=cpu-total,host=t usage_user=2.51,usage_system=0.5,usage_idle=96.98,usage_steal=0 ${NOW}000000`,
        `mem,host=t total=33567834112i,used_percent=18.40112,huge_pages_total=0i ${NOW}000000`,
        `system,host=t load1=0.08,n_cpus=8i,n_users=1i ${NOW}000000`,
        `system,host=t uptime=712385i ${NOW}000000`,
        `system,host=t uptime_format="8 days,  5:53" ${NOW}000000`,
        `net,host=t,interface=eth0 bytes_sent=1234567u,drop_in=0i,speed=-1i ${NOW}000000`,
        `diskio,host=t,name=sda1,wwid=eui.0025_38 reads=8i,weighted_io_time=0u ${NOW}000000`,
      ].join("\n") + "\n",
    );
    assert.deepEqual([ticks.length, skipped], [16, 1]);
    assert.deepEqual(ticks[0], {
      symbol: "cpu.usage_user:cpu=cpu-total:host=t",
      time: NOW,
      price: 2.51,
      size: null,
      bid: null,
      ask: null,
    });
  });

  test("Any text is read or refused in words", () => {
    const pieces = fc.constantFrom(...'m=, \\"\n\r#ti1.-ué', "x=1", 'y="', "m,a=b x=1 ");
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 30 }), (list) => {
        try {
          read(list.join(""));
        } catch (error) {
          assert.ok(error instanceof ClientError, String(error));
        }
      }),
      { numRuns: 3_000 },
    );
  });
});

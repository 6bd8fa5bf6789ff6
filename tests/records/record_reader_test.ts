import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { tableFromArrays, tableToIPC, timestamp } from "@uwdata/flechette";
import { parquetWriteBuffer } from "hyparquet-writer";
import { type Read, read } from "./reading.ts";

/** A file, the options to read it with, and the expected result. */
interface Case {
  readonly name: string;
  readonly text: string | Uint8Array;
  readonly query?: string;
  readonly ticks?: unknown[][];
  readonly bars?: unknown[][];
  /** Pattern of the error that asks for an option. */
  readonly fault?: RegExp;
  readonly newestFirst?: boolean;
}

const KLINES = "1499040000000,0.01634790,0.80000000,0.01575800,0.01577100,148976.11427815,9,0\n" +
  "1499644800000,0.01577100,0.01700000,0.01500000,0.01650000,1000.5,9,0\n";
const TRADES = "26129,0.01633102,4.70443515,27781,27781,1498793709153,True,True\n" +
  "26130,0.01633105,1.5,27782,27782,1498793709253,False,True\n";
const QUOTES = "Gmt time,Ask,Bid,AskVolume\n01.02.2020 22:00:00.123,1.10953,1.10943,0.75\n" +
  "01.02.2020 22:00:01.456,1.10955,1.10944,0.75\n";
const WEATHER = "date,rain,temp_max,temp_min,weather\n2012/01/01,0,12.8,5,drizzle\n" +
  "2012/01/02,10.9,10.6,2.8,rain\n";
const utf16 = (text: string) => Buffer.from(`\uFEFF${text}`, "utf16le");
const day = (d: number) => Date.UTC(2024, 0, d);

const cases: Case[] = [
  {
    name: "daily prices of a chart site are bars of a day",
    text: "Date,Open,High,Low,Close,Adj Close,Volume\n" +
      "2020-09-01,350.21,352.71,349.24,352.60,349.70,54999300\n" +
      "2020-09-02,354.67,358.75,353.43,357.70,354.76,69540000\n",
    bars: [
      ["X", "1d", "2020-09-01", 350.21, 352.71, 349.24, 352.6, 54999300],
      ["X", "1d", "2020-09-02", 354.67, 358.75, 353.43, 357.7, 69540000],
    ],
  },
  {
    name:
      "a month that comes first is told by a day that is no month, and the newest line comes first",
    text: "Time,Open,High,Low,Last,Change,Volume\n" +
      "3/11/2020,0.009469,0.009596,0.009467,0.009582,0.000113,1769\n" +
      "3/10/2020,0.009763,0.009791,0.00945,0.009469,-0.000294,2116\n" +
      "2/28/2020,0.009119,0.009295,0.009119,0.009251,0.000132,1131\n",
    bars: [
      ["X", "1d", "2020-03-11", 0.009469, 0.009596, 0.009467, 0.009582, 1769],
      ["X", "1d", "2020-03-10", 0.009763, 0.009791, 0.00945, 0.009469, 2116],
      ["X", "1d", "2020-02-28", 0.009119, 0.009295, 0.009119, 0.009251, 1131],
    ],
    newestFirst: true,
  },
  {
    name: "several values of a line are a symbol each",
    text: WEATHER,
    query: "symbol=X&values=temp_max,temp_min",
    ticks: [
      ["X.temp_max", "2012-01-01", 12.8],
      ["X.temp_min", "2012-01-01", 5],
      ["X.temp_max", "2012-01-02", 10.6],
      ["X.temp_min", "2012-01-02", 2.8],
    ],
  },
  {
    name: "which of several values is meant is asked for",
    text: WEATHER,
    fault: /no column price: .*values=COLUMN,COLUMN; the columns are date, rain, temp_max, /,
  },
  {
    name: "columns without names are shown with their numbers",
    text: TRADES,
    fault:
      /^line 1 looks like values, .*columns=.* 1 "26129", 2 "0.01633102", .* 6 "1498793709153", 7 /,
  },
  {
    name: "columns are named by an option, and those without a name are left out",
    text: TRADES,
    query: "symbol=X&columns=id,price,size,,,time",
    ticks: [
      ["X", "2017-06-30T03:35:09.153", 0.01633102, 4.70443515, null, null],
      ["X", "2017-06-30T03:35:09.253", 0.01633105, 1.5, null, null],
    ],
  },
  {
    name: "an exchange's candles are bars of what is between them",
    text: KLINES,
    query: "symbol=X&columns=time,open,high,low,close,volume",
    bars: [
      ["X", "1w", "2017-07-03", 0.0163479, 0.8, 0.015758, 0.015771, 148976.11427815],
      ["X", "1w", "2017-07-10", 0.015771, 0.017, 0.015, 0.0165, 1000.5],
    ],
  },
  {
    name: "a date that can be day or month first is asked for",
    text: QUOTES,
    fault:
      /^line 2: time "01.02.2020 22:00:00.123" can be read in several ways: give time-format=D/,
  },
  {
    name: "a format of fixed tokens decides it",
    text: QUOTES,
    query: "symbol=X&time-format=DD.MM.YYYY HH:mm:ss.SSS",
    ticks: [
      ["X", "2020-02-01T22:00:00.123", 1.10948, null, 1.10943, 1.10953],
      ["X", "2020-02-01T22:00:01.456", 1.109495, null, 1.10944, 1.10955],
    ],
  },
  {
    name: "compact times are in the zone that is given",
    text: "20120201 000003660,1.306600,1.306770,0\n20120201 000003973,1.306610,1.306780,0\n",
    query: "symbol=X&columns=time,bid,ask&zone=-05:00",
    ticks: [
      ["X", "2012-02-01T05:00:03.660", 1.306685, null, 1.3066, 1.30677],
      ["X", "2012-02-01T05:00:03.973", 1.306695, null, 1.30661, 1.30678],
    ],
  },
  {
    name: "data frames are written by columns",
    text: '{"time":[1700000000000,1700000060000],"value":[1.5,1.6]}\n',
    ticks: [["X", "2023-11-14T22:13:20", 1.5], ["X", "2023-11-14T22:14:20", 1.6]],
  },
  {
    name: "a spreadsheet writes a mark at the start, thousands and quotes",
    text: '\uFEFFtime,price\r\n2024-01-02 00:00:00+01:00,"1,234.5"\r\n',
    ticks: [["X", "2024-01-01T23:00:00", 1234.5]],
  },
  {
    name: "times are read in a zone with its clock of summer and winter",
    text: "timestamp,value\n2013-12-02 21:15:00,73.9\n2013-07-02 21:20:00,74.9\n",
    query: "symbol=X&zone=America/New_York",
    ticks: [["X", "2013-12-03T02:15:00", 73.9], ["X", "2013-07-03T01:20:00", 74.9]],
    newestFirst: true,
  },
  {
    name: "an exchange's letters are a trade, with numbers as text",
    text: '{"e":"trade","s":"BTCUSDT","p":"64000.10","q":"0.0100","T":1763700000000}\n' +
      '{"e":"trade","s":"BTCUSDT","p":"64000.20","q":"0.0200","T":1763700000100}\n',
    query: "",
    ticks: [
      ["BTCUSDT", "2025-11-21T04:40:00", 64000.1, 0.01, null, null],
      ["BTCUSDT", "2025-11-21T04:40:00.100", 64000.2, 0.02, null, null],
    ],
  },
  {
    name: "bars of days have the dates of their zone, also when the clock changes",
    text: "date,open,high,low,close\n2024-03-29,1,3,1,2\n2024-03-30,2,4,1,3\n" +
      "2024-03-31,3,4,1,3\n2024-04-01,3,4,1,2\n2024-04-02T00:00:00+02:00,2,4,1,2\n",
    query: "symbol=X&zone=Europe/Berlin",
    bars: [
      ["X", "1d", "2024-03-29", 1, 3, 1, 2, null],
      ["X", "1d", "2024-03-30", 2, 4, 1, 3, null],
      ["X", "1d", "2024-03-31", 3, 4, 1, 3, null],
      ["X", "1d", "2024-04-01", 3, 4, 1, 2, null],
      ["X", "1d", "2024-04-02", 2, 4, 1, 2, null],
    ],
  },
  // Ten more.
  {
    name: "a spreadsheet of a land with decimal commas",
    text: "Datum;Zeit;Kurs\n",
    query: "symbol=X&time=Datum+Zeit&map=price:Kurs",
    ticks: [],
  },
  {
    name: "decimal commas and points of thousands, with day first",
    text: "Datum;Uhrzeit;Kurs;Umsatz\n31.01.2024;09:00:01;1.234,50;12\n" +
      "01.02.2024;09:00:02;1.235,25;1.000\n",
    query: "symbol=DAX&time=Datum+Uhrzeit&map=price:Kurs,size:Umsatz",
    ticks: [
      ["DAX", "2024-01-31T09:00:01", 1234.5, 12, null, null],
      ["DAX", "2024-02-01T09:00:02", 1235.25, 1000, null, null],
    ],
  },
  {
    name: "bars of a terminal with date and clock in columns of their own",
    text: "<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>\t<SPREAD>\n" +
      "2024.01.02\t00:00:00\t1.1\t1.3\t1.05\t1.2\t10\t2\n" +
      "2024.01.02\t00:05:00\t1.2\t1.25\t1.1\t1.15\t7\t2\n",
    query: "symbol=EURUSD",
    bars: [
      ["EURUSD", "5m", "2024-01-02", 1.1, 1.3, 1.05, 1.2, 10],
      ["EURUSD", "5m", "2024-01-02T00:05:00", 1.2, 1.25, 1.1, 1.15, 7],
    ],
  },
  {
    name: "a central bank's series of a date and one number",
    text: "observation_date,DEXUSEU\n2024-01-02,1.0956\n2024-01-03,\n2024-01-04,1.0931\n",
    query: "symbol=EUR/USD",
    ticks: [["EUR/USD", "2024-01-02", 1.0956], ["EUR/USD", "2024-01-04", 1.0931]],
  },
  {
    name: "annotated CSV of InfluxDB, in which tables of other columns follow",
    text: "#group,false,false,true,true,false,false,true,true,true\n" +
      "#datatype,string,long,dateTime:RFC3339,dateTime:RFC3339,dateTime:RFC3339,double,string,string,string\n" +
      "#default,mean,,,,,,,,\n" +
      ",result,table,_start,_stop,_time,_value,_field,_measurement,host\n" +
      ",,0,2024-01-01T00:00:00Z,2024-01-02T00:00:00Z,2024-01-01T00:01:00Z,15.43,usage,cpu,a\n\n" +
      "#group,false,false,false,false,true,true\n#datatype,string,long,dateTime:RFC3339,long,string,string\n" +
      "#default,,,,,,\n,result,table,_time,_value,_field,_measurement\n" +
      ",,1,2024-01-01T00:02:00Z,7,value,load\n",
    query: "",
    ticks: [["cpu.usage:host=a", "2024-01-01T00:01:00", 15.43], ["load", "2024-01-01T00:02:00", 7]],
  },
  {
    name: "a chart's answer with columns in a list in an object",
    text: JSON.stringify({
      chart: {
        result: [{
          timestamp: [1704153600, 1704240000],
          indicators: {
            quote: [{ open: [1, 2], high: [3, 4], low: [1, 1], close: [2, 3], volume: [5, null] }],
          },
        }],
        error: null,
      },
    }),
    query: "symbol=X&path=chart.result.0&map=time:timestamp,open:indicators.quote.0.open," +
      "high:indicators.quote.0.high,low:indicators.quote.0.low,close:indicators.quote.0.close",
    bars: [
      ["X", "1d", "2024-01-02", 1, 3, 1, 2, null],
      ["X", "1d", "2024-01-03", 2, 4, 1, 3, null],
    ],
  },
  {
    name: "an exchange's lists in a list",
    text: `[[${day(2)},"1","3","0.5","2","10"],[${day(3)},"2","4","1","3","11"]]`,
    query: "symbol=X&columns=time,open,high,low,close,volume",
    bars: [["X", "1d", "2024-01-02", 1, 3, 0.5, 2, 10], ["X", "1d", "2024-01-03", 2, 4, 1, 3, 11]],
  },
  {
    name: "lists in a list, the first of which are names, in a packed file",
    text: gzipSync(`[["time","price"],["2024-01-02T00:00:00Z",1.5]]`),
    ticks: [["X", "2024-01-02", 1.5]],
  },
  {
    name: "a data frame split into columns and data, packed as Zstandard",
    text: zstdCompressSync('{"columns":["date","close"],"index":[0],"data":[["2024-01-02",1.5]]}'),
    ticks: [["X", "2024-01-02", 1.5]],
  },
  {
    name: "a data frame of numbered values",
    text: '{"time":{"0":1700000000,"1":1700000060},"price":{"0":1.5,"1":1.6}}',
    ticks: [["X", "2023-11-14T22:13:20", 1.5], ["X", "2023-11-14T22:14:20", 1.6]],
  },
  {
    name: "UTF-16 with tabs, names of months and half days",
    text: utf16("Time\tPrice\tQty\r\n28-Feb-2024 1:05:07 PM\t1.5\t2\r\n"),
    ticks: [["X", "2024-02-28T13:05:07", 1.5, 2, null, null]],
  },
  {
    name: "records in the one list of an answer",
    text: '{"status":"ok","data":[{"ticker":"A","last":"1.5","ts":1704153600000000}]}',
    query: "",
    ticks: [["A", "2024-01-02", 1.5]],
  },
  {
    name: "a symbol made of columns, comments, and values with line breaks",
    text: '# made today\nname,note,field,time,value\nsite a,"two\nlines",temp,2024-01-02,1\n' +
      "b,,load,2024-01-03,2\n",
    query: "comment=%23&symbol={name}.{field}",
    ticks: [["b.load", "2024-01-03", 2]],
  },
  {
    name: "lines before the header",
    text: "Report of today\n\nmade by nobody\ntime|price\n2024-01-02T05:00:00Z|1\n",
    query: "symbol=X&skip=3",
    ticks: [["X", "2024-01-02T05:00:00", 1]],
  },
  {
    name: "Parquet with times of its own",
    text: new Uint8Array(parquetWriteBuffer({
      columnData: [
        { name: "time", data: [new Date(day(2)), new Date(day(3))], type: "TIMESTAMP" },
        { name: "symbol", data: ["A", "B"], type: "STRING" },
        { name: "price", data: [1.5, 2], type: "DOUBLE" },
      ],
    })),
    query: "",
    ticks: [["A", "2024-01-02", 1.5], ["B", "2024-01-03", 2]],
  },
  {
    name: "Arrow with times of its own",
    text: tableToIPC(
      tableFromArrays({ t: [day(2), day(3)], price: [1.5, 2] }, { types: { t: timestamp() } }),
      {},
    )!,
    query: "symbol=X&map=time:t",
    ticks: [["X", "2024-01-02", 1.5], ["X", "2024-01-03", 2]],
  },
];

describe("RecordReader", () => {
  for (const { name, text, query, ticks = [], bars = [], fault, newestFirst = false } of cases) {
    test(`RecordReader: ${name}`, async () => {
      if (fault !== undefined) return await assert.rejects(read(text, query), { message: fault });
      const found: Read = await read(text, query);
      assert.deepEqual(found.ticks, ticks, found.broken.join("\n"));
      assert.deepEqual(found.bars, bars, found.broken.join("\n"));
      assert.equal(found.isNewestFirst, newestFirst);
      if (typeof text !== "string") return;
      // The form that the reader reports reads the same.
      const again = await read(text, found.form);
      assert.deepEqual([again.ticks, again.bars], [found.ticks, found.bars], found.form);
    });
  }
});

/** https://tc39.es/proposal-temporal/docs/ambiguity.html */
const BLOCK_MS = 900_000;
const ZONES_MAX = 1_000;

/** A time zone. */
export interface Zone {
  /**
   * Offset from UTC in milliseconds at a local time. In a skipped hour the offset from before the
   * change applies.
   */
  offsetAt(local: number): number;
  /** Offset from UTC in milliseconds at a moment, in milliseconds since the epoch. */
  offsetOf(moment: number): number;
}

/** A zone whose `offsetAt` takes an hour that occurs twice for the first one. */
export interface NamedZone extends Zone {
  /** Milliseconds until the clock shows a local time again, because it is set back; usually 0. */
  repeatAt(local: number): number;
}

const zones = new Map<string, NamedZone>();

/**
 * A zone by its name in the time zone database, by `Z`, `UTC` or `GMT`, or by an offset such as
 * `-05:00`.
 * @throws {RangeError} for an unknown zone
 */
export function zoneOf(name: string): NamedZone {
  let zone = zones.get(name);
  if (zone === undefined) {
    zone = makeZone(name);
    if (zones.size < ZONES_MAX) zones.set(name, zone);
  }
  return zone;
}

function makeZone(name: string): NamedZone {
  if (/^(?:z|utc|gmt)$/i.test(name)) return fixed(0);
  const [, sign, hours, minutes = "0"] = /^([+-])(\d{2})(?::?(\d{2}))?$/.exec(name) ?? [];
  if (sign !== undefined) {
    const ms = (Number(hours) * 60 + Number(minutes)) * 60_000 * (sign === "-" ? -1 : 1);
    if (Math.abs(ms) <= 18 * 3_600_000) return fixed(ms);
  }
  try {
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(name);
  } catch (cause) {
    const such = "such as America/New_York or -05:00";
    throw new RangeError(`zone=${name} does not exist: give one ${such}`, { cause });
  }
  // Offsets change only at full quarters of an hour, and most times are close to the previous one.
  let block = NaN, offset = 0, repeat = 0;
  const look = (local: number) => {
    const at = Math.floor(local / BLOCK_MS);
    if (at === block) return;
    const wall = Temporal.Instant.fromEpochMilliseconds(at * BLOCK_MS)
      .toZonedDateTimeISO("UTC").toPlainDateTime();
    const first = wall.toZonedDateTime(name, { disambiguation: "compatible" }).epochMilliseconds;
    const last = wall.toZonedDateTime(name, { disambiguation: "later" }).epochMilliseconds;
    [block, offset, repeat] = [at, at * BLOCK_MS - first, last - first];
  };
  return {
    offsetAt(local) {
      look(local);
      return offset;
    },
    repeatAt(local) {
      look(local);
      return repeat;
    },
    offsetOf: (moment) =>
      Temporal.Instant.fromEpochMilliseconds(Math.floor(moment)).toZonedDateTimeISO(name)
        .offsetNanoseconds / 1e6,
  };
}

function fixed(ms: number): NamedZone {
  return { offsetAt: () => ms, repeatAt: () => 0, offsetOf: () => ms };
}

/** The error of a record: field and reason. */
export class RecordFault extends Error {}

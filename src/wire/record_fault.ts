/** What is wrong with a record: field and reason. */
export class RecordFault extends Error {}

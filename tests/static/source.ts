/** The interface of the page's parts to the server, with the test as the server. */
import type {
  DataFrame,
  Handlers,
  Reply,
  Row,
  StreamRequest,
  Update,
} from "../../static/frames.js";

/** A client whose server is the test. */
export class FakeSource {
  readonly asked: StreamRequest[] = [];
  readonly handlers: Handlers[] = [];
  left = 0;

  readonly updates: Update[] = [];

  subscribe(request: StreamRequest, handlers: Handlers) {
    this.asked.push(request);
    this.handlers.push(handlers);
    return {
      close: () => void this.left++,
      update: (update: Update) => void this.updates.push(update),
    };
  }

  reply(fields: Partial<Reply> = {}): void {
    this.handlers.at(-1)!.onReply!({
      op: "subscribed",
      resumed: false,
      recovered: true,
      position: "e:0",
      symbols: [],
      unknown: [],
      snapshot: [],
      ...fields,
    });
  }

  rows(...rows: Row[]): void {
    const frame: DataFrame = { prev: 0, seq: 1, rows };
    this.handlers.at(-1)!.onRows(rows, frame);
  }

  /** Answers a seek. */
  sought(fields: Partial<Reply> = {}): void {
    this.reply({ op: "updated", ...fields });
  }

  refuse(message: string): void {
    this.handlers.at(-1)!.onError!({ code: "bad_symbol", message });
  }
}

export const row = (symbol: string, price: number | null) => ({
  symbol,
  name: null,
  time: null,
  price,
  change: null,
  change_percent: null,
  volume: null,
  bid: null,
  ask: null,
  open: null,
  high: null,
  low: null,
  prev_close: null,
});

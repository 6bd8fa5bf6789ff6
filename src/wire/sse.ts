/** Frames as Server-Sent Events: https://html.spec.whatwg.org/multipage/server-sent-events.html */

/** Finds the newest position in a frame. The rows come last, so they cannot match first. */
const SEQ = /^\{"op":"data".*?"seq":(\d+)/;
const POSITION = /^\{"op":"subscribed".*?"position":"([^"]+)"/;
const RECONNECT = /^\{"op":"draining".*?"reconnectAfter":(\d+)/;

/**
 * One event with the frame, which is JSON on one line. A browser that reconnects sends the id of the last
 * event, after the delay of the last `retry`.
 */
export function frameEvent(frame: string, formatPosition: (seq: number) => string): string {
  const seq = SEQ.exec(frame)?.[1];
  const position = seq === undefined ? POSITION.exec(frame)?.[1] : formatPosition(Number(seq));
  const id = position === undefined ? "" : `id: ${position}\n`;
  const reconnectAfter = RECONNECT.exec(frame)?.[1];
  const retry = reconnectAfter === undefined ? "" : retryField(Number(reconnectAfter));
  return `${id}${retry}data: ${frame}\n\n`;
}

export function retryField(ms: number): string {
  return `retry: ${Math.round(ms)}\n`;
}

/** The event that tells the client why the server ends the stream. */
export function closeEvent(code: number, reason: string): string {
  return `event: close\ndata: ${JSON.stringify({ code, reason })}\n\n`;
}

/** A comment that clients ignore. It keeps proxies from closing a silent stream. */
export const KEEP_ALIVE = ": keep-alive\n\n";

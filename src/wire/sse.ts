/** Frames as Server-Sent Events: https://html.spec.whatwg.org/multipage/server-sent-events.html */

/** The newest position that a client has when it has this frame. The rows stand last in a frame. */
const SEQ = /^\{"op":"data".*?"seq":(\d+)/;
const POSITION = /^\{"op":"subscribed".*?"position":"([^"]+)"/;
const RECONNECT = /^\{"op":"draining".*?"reconnectAfter":(\d+)/;

/**
 * One event with the frame as it is; frames are JSON on one line. A browser sends the id of the last
 * event when it comes back, and waits so long as the last `retry` says.
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

/** Why the server ends the stream. */
export function closeEvent(code: number, reason: string): string {
  return `event: close\ndata: ${JSON.stringify({ code, reason })}\n\n`;
}

/** A remark that nobody is told of, so that nothing between takes the stream for dead. */
export const KEEP_ALIVE = ": keep-alive\n\n";

/** What stands for a key wherever something is shown. */
export const MASK = "****";

/** A text with what is secret in its addresses left out: `?key=…`, and names and passwords before the host. */
export function maskSecrets(text: string): string {
  return text
    .replace(
      /([?&;#](?:[\w.-]*(?:key|token|secret|password|auth|sign)|header)=)[^&;\s"'#]+/gi,
      `$1${MASK}`,
    )
    .replace(/(:\/\/)[^/?#\s"'@]+@/g, `$1${MASK}@`);
}

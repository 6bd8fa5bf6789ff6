/** Replaces a secret wherever it would be shown. */
export const MASK = "****";

/** Masks secrets in the addresses of a text: `?key=…`, and user names and passwords. */
export function maskSecrets(text: string): string {
  return text
    .replace(
      /([?&;#](?:[\w.-]*(?:key|token|secret|password|auth|sign)|header)=)[^&;\s"'#]+/gi,
      `$1${MASK}`,
    )
    .replace(/(:\/\/)[^/?#\s"'@]+@/g, `$1${MASK}@`);
}

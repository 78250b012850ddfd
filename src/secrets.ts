/** Replaces known secrets, and whatever looks like a token, in a text. */
export function withoutSecrets(text: string, secrets: Iterable<string>): string {
  let clean = text.replace(/\beyJ[\w-]+\.[\w-]+\.[\w-]*/g, '[token]')
  for (const secret of secrets) if (secret.length > 3) clean = clean.replaceAll(secret, '[secret]')
  return clean
}

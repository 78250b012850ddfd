import {processWide} from './process-wide.ts'

/** Texts that must never be printed: what a command uses, kept here so that whatever ends it knows them too. */
export const knownSecrets = processWide('secrets', () => new Set<string>())

/** Shorter ones are no secrets, and would be found within words. */
const shortestSecret = 4

/** The same of what a secret is written as elsewhere: a part of base64 is found within any text. */
const shortestPart = 8

/**
 * Replaces secrets in a text: the known ones, as they are and as URLs, JSON and base64 write them, whatever looks like a
 * token, and what an Authorization header carries. Takes time in proportion to the text, whatever it is.
 */
export function withoutSecrets(text: string, secrets: Iterable<string>): string {
  let clean = text
  for (const form of formsOf(secrets)) clean = clean.replaceAll(form, '[secret]')
  if (clean.includes('eyJ')) clean = clean.replace(/[\w.-]+/g, withoutTokens)
  return /authorization/i.test(clean) ? clean.replace(authorizations, '$1[secret]') : clean
}

/** `Authorization: Basic …`, also as JSON. No two parts in a row can match the same characters, so that it is linear. */
const authorizations = /(\bauthorization["']?\s{0,9}[:=]\s{0,9}["']?(?:basic|bearer)\s{1,9})[^\s"',;[]+/gi

/** A word without JSON Web Tokens: three parts with dots between, of which the first begins with `{"` in base64. */
function withoutTokens(word: string): string {
  if (!word.includes('eyJ')) return word
  const parts = word.split('.')
  const kept: string[] = []
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i] ?? ''
    const start = part.indexOf('eyJ')
    const isToken = start >= 0 && part.length > start + 3 && parts[i + 1] && i + 2 < parts.length
    kept.push(isToken ? `${part.slice(0, start)}[token]` : part)
    if (isToken) i += 2
  }
  return kept.join('.')
}

/** All that known secrets may be written as, the longest first: no part of one is left where another is within it. */
function formsOf(secrets: Iterable<string>): string[] {
  const forms = new Set<string>()
  for (const secret of secrets) {
    if (secret.length < shortestSecret) continue
    forms.add(secret)
    const inUrl = encodedForUrl(secret)
    for (const form of [JSON.stringify(secret).slice(1, -1), inUrl, inUrl.replaceAll('%20', '+')]) forms.add(form)
    for (const form of inBase64(secret)) if (form.length >= shortestPart) forms.add(form)
  }
  return [...forms].sort((a, b) => b.length - a.length)
}

function encodedForUrl(secret: string): string {
  try {
    return encodeURIComponent(secret)
  } catch {
    // Half of a surrogate pair: no URL holds it.
    return secret
  }
}

/** What is sure to be in the base64 of a longer text with the secret in it, by where in a group of three bytes it begins. */
function inBase64(secret: string): string[] {
  return [0, 1, 2].flatMap(offset => {
    const bytes = Buffer.concat([Buffer.alloc(offset), Buffer.from(secret)])
    const whole = Math.floor((bytes.length * 8) / 6)
    const part = bytes.toString('base64').slice(Math.ceil((offset * 8) / 6), whole)
    return [part, part.replaceAll('+', '-').replaceAll('/', '_')]
  })
}

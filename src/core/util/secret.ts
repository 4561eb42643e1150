/** Replaces the value of a secret. */
export const hidden = '…'

// Compared without case and punctuation: `access_token` and `accessToken` are the same.
const secretName =
  /^(?:key|code|auth|sig|pass|pwd|pin|jwt|otp|sid|session|ticket|authorization)$|(?:token|secret|password|passwd|passphrase|passcode|signature|credentials?|sessionid|(?:api|access|auth|private|secret|shared|signing|subscription)(?:key|code|keyid))$/
const secretField = /^(?:authorization|cookie|setcookie|proxy.*)$/

/** Schemes of authentication that carry a secret (RFC 9110 section 11), in a field of any name. */
const credentials = /^\s*(?:basic|bearer|digest|negotiate|token)\s+\S/i

/** Whether the name of a parameter or a field suggests a token, a key or a password. */
export function isSecretName(name: string): boolean {
  return secretName.test(folded(name))
}

/** Whether a header field has credentials, or its name suggests it, such as `X-Session`. */
export function isSecretField(name: string): boolean {
  return secretField.test(folded(name)) || isSecretName(name) || isSecretName(name.replace(/^x-/i, ''))
}

/** Fields as a flat list, without the values that carry credentials. */
export function redactFields(fields: readonly string[]): string[] {
  return fields.map((text, i) => (i % 2 === 1 && isSecret(fields[i - 1] ?? '', text) ? hidden : text))
}

function isSecret(name: string, value: string): boolean {
  return isSecretField(name) || credentials.test(value)
}

function folded(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '')
}

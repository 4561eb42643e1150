/** Stands where the value of a secret stood. */
export const hidden = '…'

// Compared without case and punctuation, so `access_token`, `accessToken` and `X-Amz-Security-Token` are one.
const secretName =
  /^(?:key|code|auth|sig|pass|pwd|pin|jwt|otp|sid|session|ticket|authorization)$|(?:token|secret|password|passwd|passphrase|passcode|signature|credentials?|sessionid|(?:api|access|auth|private|secret|shared|signing|subscription)(?:key|code|keyid))$/
const secretField = /^(?:authorization|cookie|setcookie|proxy.*)$/

/** Whether a parameter or a field is named like a token, a key or a password. */
export function isSecretName(name: string): boolean {
  return secretName.test(folded(name))
}

/** Whether a header field carries credentials, or is named as if it did. */
export function isSecretField(name: string): boolean {
  return secretField.test(folded(name)) || isSecretName(name)
}

/** Fields as a flat list, without the values that carry credentials. */
export function redactFields(fields: readonly string[]): string[] {
  return fields.map((text, i) => (i % 2 === 1 && isSecretField(fields[i - 1] ?? '') ? hidden : text))
}

function folded(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '')
}

// The one function of it that vpcmd uses; the package brings no types.
declare module 'bcrypt-pbkdf' {
  /** Fills `key` from a passphrase; returns other than 0 where the lengths can't be. */
  function pbkdf(
    pass: Uint8Array,
    passLength: number,
    salt: Uint8Array,
    saltLength: number,
    key: Uint8Array,
    keyLength: number,
    rounds: number,
  ): number
  const bcrypt: {pbkdf: typeof pbkdf}
  export default bcrypt
}

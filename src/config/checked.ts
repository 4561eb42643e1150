/** Options as the check of their shape leaves them: what is undefined is left out, at any depth. */
export type Checked<Value> = Value extends object
  ? { [Name in keyof Value]: Checked<Exclude<Value[Name], undefined>> }
  : Value

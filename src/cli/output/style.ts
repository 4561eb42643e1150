/** Dresses text in colours, or leaves it as it is. */
export interface Style {
  bold(text: string): string
  dim(text: string): string
  red(text: string): string
  green(text: string): string
  yellow(text: string): string
  cyan(text: string): string
  /** White on black whatever the theme: the blocks of a QR code are its light modules, and not every phone reads it inverted. */
  paper(text: string): string
}

/** Makes the styles; without colour each returns its text. */
export function createStyle(color: boolean): Style {
  const paint = (open: string, close: string) => (text: string) =>
    color && text !== '' ? `\u001B[${open}m${text}\u001B[${close}m` : text
  return {
    bold: paint('1', '22'),
    dim: paint('2', '22'),
    red: paint('31', '39'),
    green: paint('32', '39'),
    yellow: paint('33', '39'),
    cyan: paint('36', '39'),
    paper: paint('97;40', '39;49'),
  }
}

/** The middle value; NaN of nothing. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}

/** The value below which this share of the values lies, between two neighbours by their distance. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  const place = (sorted.length - 1) * share
  const [low, high] = [sorted[Math.floor(place)] ?? NaN, sorted[Math.ceil(place)] ?? NaN]
  return low === high ? low : low + (high - low) * (place % 1)
}

/** Half of the distance between the lowest and the highest tenth, as a share of the median. */
export function spread(values: readonly number[]): number {
  return (quantile(values, 0.9) - quantile(values, 0.1)) / 2 / median(values)
}

/** The median of the quotients of two values of the same round: what disturbs a round disturbs both. */
export function pairedRatio(above: readonly number[], below: readonly number[]): number {
  return median(above.map((value, round) => value / (below[round] ?? NaN)).filter((each) => !Number.isNaN(each)))
}

// Fractions and percentages without binary dust: 0.07 must read 7, not 7.000000000000001.
const DIGITS = 12

export function toPercent(fraction: number): number {
  return Number((fraction * 100).toPrecision(DIGITS))
}

export function fromPercent(percent: number): number {
  return Number((percent / 100).toPrecision(DIGITS))
}

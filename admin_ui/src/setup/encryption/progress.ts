// How far a conversion is, and whether anything is at work.
import type { Conversion, Encryption } from '../../api/encryption'

const WHOLE = 100

/** In whole percent; not the whole before it is finished. */
export function percentOf({ total, done, finished }: Conversion): number {
  if (finished !== null) return WHOLE
  return total ? Math.min(Math.floor((done * WHOLE) / total), WHOLE - 1) : 0
}

export function isAtWork(state: Encryption | undefined): boolean {
  const isRotating = state?.rotation !== undefined && state.rotation !== null && state.rotation.finished === null
  return isRotating || (state?.conversions.some((each) => each.finished === null) ?? false)
}

// Where an import stands, by what its document says: which step of the wizard shows.
import type { Import, Phase } from '../api/imports'

export const STEPS = ['file', 'mapping', 'check', 'import'] as const
export type Step = (typeof STEPS)[number]

/** What is at work on it now. */
export function phaseAtWork(each: Import): Phase | null {
  if (each.state === 'Checking') return 'check'
  if (each.state === 'InProgress') return 'write'
  return each.state === 'Undoing' ? 'undo' : null
}

/** Whether every row was tried. */
export function isChecked(each: Import): boolean {
  return each.state === 'Open' && each.records > 0 && each.check.processed >= each.records
}

export function stepOf(each: Import): Step {
  if (each.state === 'Checking') return 'check'
  if (each.state !== 'Open') return 'import'
  if (each.contentBytes === 0 || each.problem !== null) return 'file'
  return isChecked(each) ? 'check' : 'mapping'
}

/** Rows that the phase goes through: an undo, those that were written. */
export function rowsOf(each: Import, phase: Phase): number {
  return phase === 'undo' ? each.write.processed - each.write.failed : each.records
}

/** In whole percent; not the whole before the phase has ended. */
export function percentOf(each: Import, phase: Phase): number {
  const rows = rowsOf(each, phase)
  return rows === 0 ? 0 : Math.min(Math.floor((each[phase].processed * 100) / rows), 99)
}

/** Old values are kept for so long behind the last change. */
const KEPT_DAYS = 7

export function undoableUntil(each: Import): Date | null {
  const isOver = each.state === 'JobComplete' || each.state === 'Aborted' || each.state === 'Failed'
  if (!isOver || rowsOf(each, 'undo') === 0) return null
  return new Date(Date.parse(each.systemModstamp) + KEPT_DAYS * 86_400_000)
}

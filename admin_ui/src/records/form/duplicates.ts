// What a save was answered with where it would make a duplicate.
import { ApiError } from '../../api/client'
import type { DuplicateResult } from '../../api/types'

/** The findings, if duplicates are all that is in the way; null where anything else is wrong too. */
export function duplicatesIn(error: unknown): DuplicateResult[] | null {
  if (!(error instanceof ApiError) || error.problems.length === 0) return null
  const found = error.problems.map((problem) => problem.duplicateResult)
  return found.every((each) => each !== undefined) ? found : null
}

export const maySaveAnyway = (results: readonly DuplicateResult[]) => results.every((result) => result.allowSave)

export interface Candidate {
  id: string
  object: string
  confidence: number
  values: Record<string, unknown>
}

/** The records found, each once, the surest first. */
export function candidatesOf(results: readonly DuplicateResult[]): Candidate[] {
  const byId = new Map<string, Candidate>()
  for (const { entityType, matchRecords } of results.flatMap((result) => result.matchResults)) {
    for (const { matchConfidence, record } of matchRecords) {
      const known = byId.get(record.Id)
      if (known !== undefined && known.confidence >= matchConfidence) continue
      byId.set(record.Id, { id: record.Id, object: entityType, confidence: matchConfidence, values: record })
    }
  }
  return [...byId.values()].sort((one, other) => other.confidence - one.confidence)
}

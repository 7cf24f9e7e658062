// The rows that failed as a file: mended, it can be imported again; its first two columns are then left out.
import { rowErrors, type Import, type Phase } from '../api/imports'
import { csvLine } from './csvFile'

/** Spreadsheets take a file for UTF-8 by this mark. */
const BYTE_ORDER_MARK = '\ufeff'

export async function failedRowsFile(job: Import, phase: Phase, header: string[]): Promise<Blob> {
  const parts = [BYTE_ORDER_MARK, csvLine(header, job.columnDelimiter)]
  for (let batch: number | null = 0; batch !== null; ) {
    const page = await rowErrors(job.id, phase, batch)
    parts.push(...page.errors.map((row) => csvLine([row.line, row.error, ...row.cells], job.columnDelimiter)))
    batch = page.next
  }
  return new Blob(parts, { type: 'text/csv;charset=utf-8' })
}

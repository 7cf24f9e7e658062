// The path of a record: that of its record type, else the one for all.
import type { ObjectDescribe, Path, RecordType } from '../../api/types'

export function choosePath(describe: ObjectDescribe, recordType: RecordType | null): Path | null {
  const usable = describe.paths.filter((path) => path.field in describe.fields)
  return (
    usable.find((path) => recordType !== null && path.record_type === recordType.name) ??
    usable.find((path) => path.record_type === null) ??
    null
  )
}

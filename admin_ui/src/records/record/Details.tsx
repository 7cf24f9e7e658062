// The fields of a record: to read, and one click away from being edited.
import { lazy, Suspense } from 'react'
import type { ObjectDescribe, RecordAnswer, RecordType } from '../../api/types'
import { Lines } from '../../frame/states'
import { DetailSections } from './DetailSections'

const RecordEditor = lazy(async () => ({ default: (await import('./RecordEditor')).RecordEditor }))

interface DetailsProps {
  record: RecordAnswer
  describe: ObjectDescribe
  recordType: RecordType | null
  /** The field whose pencil was pressed, "1" for the whole record, null while reading. */
  editing: string | null
  onEdit: (field: string) => void
  onDone: () => void
}

export function Details({ record, describe, recordType, editing, onEdit, onDone }: DetailsProps) {
  if (editing === null) {
    return (
      <DetailSections
        record={record}
        describe={describe}
        recordType={recordType}
        onEdit={record.permissions.update ? onEdit : null}
      />
    )
  }
  return (
    <Suspense fallback={<Lines count={10} />}>
      <RecordEditor
        record={record}
        describe={describe}
        recordType={recordType}
        focusField={editing === '1' ? null : editing}
        onDone={onDone}
      />
    </Suspense>
  )
}

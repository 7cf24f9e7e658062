// The fields of a record: to read, and one click away from being edited.
import type { ObjectDescribe, RecordAnswer, RecordType } from '../../api/types'
import { DetailSections } from './DetailSections'
import { RecordEditor } from './RecordEditor'

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
    return <DetailSections record={record} describe={describe} recordType={recordType} onEdit={record.permissions.update ? onEdit : null} />
  }
  return (
    <RecordEditor
      record={record}
      describe={describe}
      recordType={recordType}
      focusField={editing === '1' ? null : editing}
      onDone={onDone}
    />
  )
}

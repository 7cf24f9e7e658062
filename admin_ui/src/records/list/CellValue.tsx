// One value in a list; a path through another object takes its texts from that object's description.
import { useDescribe } from '../../api/queries'
import type { FieldDescribe, ListColumn, ListRecord, ObjectDescribe } from '../../api/types'
import { FieldValue } from '../fields/FieldValue'
import { isMaskedAt } from '../masks/masks'
import { RECORD_TYPE } from '../systemFields'
import { fieldOfColumn } from './fieldOfColumn'

interface CellValueProps {
  column: ListColumn
  record: ListRecord
  describe: ObjectDescribe
  mayCall?: boolean
}

export function CellValue({ column, record, describe, mayCall = false }: CellValueProps) {
  if (column.path.includes('.') && column.object !== describe.name)
    return <ForeignValue column={column} record={record} mayCall={mayCall} />
  return <Value field={fieldOfColumn(column, describe)} column={column} record={record} mayCall={mayCall} />
}

function ForeignValue({ column, record, mayCall }: Omit<ValueProps, 'field'>) {
  const describe = useDescribe(column.object)
  return <Value field={fieldOfColumn(column, describe.data)} column={column} record={record} mayCall={mayCall} />
}

interface ValueProps {
  field: FieldDescribe
  column: ListColumn
  record: ListRecord
  mayCall: boolean
}

function Value({ field, column, record, mayCall }: ValueProps) {
  // A record type is no record that could be opened.
  if (field.name === RECORD_TYPE) return <>{record.labels[column.path] ?? ''}</>
  return (
    <FieldValue
      field={field}
      value={record.values[column.path]}
      label={record.labels[column.path]}
      isMasked={isMaskedAt(record, column.path)}
      inCell
      mayCall={mayCall}
    />
  )
}

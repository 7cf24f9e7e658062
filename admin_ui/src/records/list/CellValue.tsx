// One value in a list; a path through another object takes its texts from that object's description.
import { useDescribe } from '../../api/queries'
import type { FieldDescribe, ListColumn, ListRecord, ObjectDescribe } from '../../api/types'
import { FieldValue } from '../fields/FieldValue'
import { fieldOfColumn } from './fieldOfColumn'

interface CellValueProps {
  column: ListColumn
  record: ListRecord
  describe: ObjectDescribe
}

export function CellValue({ column, record, describe }: CellValueProps) {
  if (column.path.includes('.') && column.object !== describe.name) return <ForeignValue column={column} record={record} />
  return <Value field={fieldOfColumn(column, describe)} column={column} record={record} />
}

function ForeignValue({ column, record }: { column: ListColumn; record: ListRecord }) {
  const describe = useDescribe(column.object)
  return <Value field={fieldOfColumn(column, describe.data)} column={column} record={record} />
}

function Value({ field, column, record }: { field: FieldDescribe; column: ListColumn; record: ListRecord }) {
  return <FieldValue field={field} value={record.values[column.path]} label={record.labels[column.path]} inCell />
}

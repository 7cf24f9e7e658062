// The name of a record in a list, leading to it.
import { Link } from 'react-router'
import type { ListColumn, ListRecord, ObjectDescribe } from '../../api/types'
import { formatValue } from '../format'
import { useReader } from '../fields/useReader'
import { tidyName } from '../names'
import { fieldOfColumn } from './fieldOfColumn'

export function RecordLink({
  column,
  record,
  describe,
}: {
  column: ListColumn
  record: ListRecord
  describe: ObjectDescribe
}) {
  const reader = useReader()
  const field = fieldOfColumn(column, describe)
  const text = record.labels[column.path] ?? formatValue(field, record.values[column.path] ?? null, reader)
  return (
    <Link to={`/r/${record.id}`} className="record-link">
      {tidyName(text) || record.id}
    </Link>
  )
}

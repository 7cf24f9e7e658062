// A condition in words; the record that a lookup is compared with is called by its name.
import type { Filter, ObjectDescribe } from '../../api/types'
import { useReader } from '../fields/useReader'
import { useRecordName } from '../fields/useRecordName'
import { RECORD_TYPE } from '../systemFields'
import { useConditionText } from './useConditionText'

export function ConditionText({ describe, filter }: { describe: ObjectDescribe; filter: Filter }) {
  const textOf = useConditionText(describe, useReader())
  const field = describe.fields[filter.field]
  const isRecord = field !== undefined && field.references.length > 0 && field.name !== RECORD_TYPE
  const id = isRecord && typeof filter.value === 'string' && !filter.value.startsWith('$') ? filter.value : null
  return <>{textOf(filter, useRecordName(id, undefined))}</>
}

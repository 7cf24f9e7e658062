// The fields that a step lets its approver fill in together with the decision.
import { useDescribe, useRecord } from '../api/queries'
import type { Values } from '../api/types'
import { Lines } from '../frame/states'
import { FieldInput } from '../records/fields/FieldInput'
import { FieldRow } from '../records/fields/FieldRow'
import { findRecordType } from '../records/picklists'
import type { Decidable } from './decisions'

interface DecisionFieldsProps {
  request: Decidable
  values: Values
  onChange: (values: Values) => void
}

export function DecisionFields({ request, values, onChange }: DecisionFieldsProps) {
  const describe = useDescribe(request.object)
  const record = useRecord(request.recordId)
  // Who may not read the object decides without them.
  if (describe.error || record.error) return null
  if (describe.data === undefined || record.data === undefined) return <Lines count={request.editableFields.length} />
  const stored = record.data.values
  const recordType = findRecordType(describe.data, record.data.record_type)
  const fields = request.editableFields.flatMap((name) => describe.data.fields[name] ?? [])
  return fields.map((field) => {
    const id = `decision-${field.name}`
    return (
      <FieldRow key={field.name} id={id} label={field.label} help={field.help}>
        <FieldInput
          field={field}
          id={id}
          value={field.name in values ? (values[field.name] ?? null) : (stored[field.name] ?? null)}
          values={{ ...stored, ...values }}
          recordType={recordType}
          label={field.name in values ? undefined : record.data.labels[field.name]}
          onChange={(value) => onChange({ ...values, [field.name]: value === '' ? null : value })}
        />
      </FieldRow>
    )
  })
}

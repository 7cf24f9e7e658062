// Choose who is asked: a user or a queue.
import { useId } from 'react'
import { blankField } from '../records/fields/blankField'
import { FieldRow } from '../records/fields/FieldRow'
import { LookupInput } from '../records/fields/LookupInput'

interface ActorPickerProps {
  label: string
  objects?: string[]
  value: string | null
  onChange: (id: string | null) => void
}

export function ActorPicker({ label, objects = ['User', 'Group'], value, onChange }: ActorPickerProps) {
  const id = useId()
  const field = { ...blankField('Actor', label, 'lookup'), required: true, references: objects }
  return (
    <FieldRow id={id} label={label} required>
      <LookupInput
        field={field}
        id={id}
        value={value}
        values={{}}
        recordType={null}
        onChange={(chosen) => onChange(chosen === null ? null : String(chosen))}
      />
    </FieldRow>
  )
}

// Chooses a record's type among those of its object.
import Select from 'antd/es/select'
import type { RecordType } from '../../api/types'

interface RecordTypeInputProps {
  id?: string
  value: string | null
  recordTypes: RecordType[]
  ariaLabel?: string
  onChange: (id: string) => void
}

export function RecordTypeInput({ id, value, recordTypes, ariaLabel, onChange }: RecordTypeInputProps) {
  return (
    <Select
      id={id}
      className="fill"
      aria-label={ariaLabel}
      value={value ?? undefined}
      options={recordTypes.map((each) => ({ value: each.id, label: each.label }))}
      onChange={onChange}
    />
  )
}

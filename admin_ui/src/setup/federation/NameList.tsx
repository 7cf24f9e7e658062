// Several texts in one field: typed, or taken from those offered.
import Select from 'antd/es/select'

interface NameListProps {
  id: string
  value: string[]
  offered?: string[]
  label?: string
  onChange: (value: string[]) => void
}

export function NameList({ id, value, offered = [], label, onChange }: NameListProps) {
  return (
    <Select
      id={id}
      mode="tags"
      aria-label={label}
      virtual={false}
      value={value}
      tokenSeparators={[' ', ',', '\n']}
      notFoundContent={null}
      suffixIcon={offered.length === 0 ? null : undefined}
      options={offered.map((each) => ({ value: each, label: each }))}
      onChange={onChange}
    />
  )
}

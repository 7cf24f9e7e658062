// What narrows a list on a page of Setup.
import Input from 'antd/es/input'

interface SearchBoxProps {
  value: string
  /** What is sought; said as the name and, while nothing is typed, in the box. */
  label: string
  onChange: (text: string) => void
}

export function SearchBox({ value, label, onChange }: SearchBoxProps) {
  return (
    <Input
      className="setup-search"
      allowClear
      value={value}
      placeholder={label}
      aria-label={label}
      onChange={(event) => onChange(event.target.value)}
    />
  )
}

// A field of a toolbar: what it is stands in it until something else does.
import Input from 'antd/es/input'

interface ToolbarInputProps {
  label: string
  value: string
  onChange: (text: string) => void
  className?: string
  type?: 'text' | 'password'
}

export function ToolbarInput({ label, value, onChange, className = '', type = 'text' }: ToolbarInputProps) {
  return (
    <Input
      className={`audit-record ${className}`}
      type={type}
      autoComplete="off"
      value={value}
      placeholder={label}
      aria-label={label}
      onChange={(event) => onChange(event.target.value)}
    />
  )
}

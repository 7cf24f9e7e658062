// One value of a record, as its type is read: links, telephone numbers, ticks, tags, names of other records.
import { CheckOutlined } from '@ant-design/icons'
import Tag from 'antd/es/tag'
import { Link } from 'react-router'
import type { FieldDescribe, FieldJson } from '../../api/types'
import { formatPhone, formatValue, labelOfValue, splitMultiple } from '../format'
import { useReader } from './useReader'

interface FieldValueProps {
  field: FieldDescribe
  value: FieldJson | undefined
  /** The name of the record that a lookup points at. */
  label?: string
  /** In a cell, long text stays on one line. */
  inCell?: boolean
  /** Whether a tap calls or writes: not in a table, where a double click edits. */
  mayCall?: boolean
  /** The value is what a mask left: a text, whatever the type of the field, or nothing. */
  isMasked?: boolean
}

export function FieldValue({
  field,
  value = null,
  label,
  inCell = false,
  mayCall = !inCell,
  isMasked = false,
}: FieldValueProps) {
  const reader = useReader()
  if (isMasked) return <span className="masked tabular">{value === null ? HIDDEN : String(value)}</span>
  if (field.type === 'checkbox') return <Tick isOn={value === true} text={formatValue(field, value === true, reader)} />
  if (value === null || value === '') return <span className="blank">{inCell ? '' : '—'}</span>
  const text = formatValue(field, value, reader)

  switch (field.type) {
    case 'lookup':
    case 'master_detail':
      // Without a label the user may not see that record, so there is nothing to open.
      return label === undefined ? (
        <span className="mono muted">{text}</span>
      ) : (
        <Link to={`/r/${String(value)}`}>{label}</Link>
      )
    case 'email':
      return hasStars(text) || !mayCall ? <>{text}</> : <a href={`mailto:${text}`}>{text}</a>
    case 'phone':
      return hasStars(text) || !mayCall ? (
        <span className="tabular">{formatPhone(text)}</span>
      ) : (
        <a className="tabular" href={`tel:${text.replace(/\s/g, '')}`}>
          {formatPhone(text)}
        </a>
      )
    case 'url':
      return (
        <a href={safeAddress(text)} target="_blank" rel="noreferrer noopener">
          {text}
        </a>
      )
    case 'picklist':
      return inCell ? <span className="pick">{text}</span> : <>{text}</>
    case 'multi_picklist':
      return (
        <span className="tags">
          {splitMultiple(value).map((item) => (
            <Tag key={item}>{labelOfValue(field, item)}</Tag>
          ))}
        </span>
      )
    case 'long_text':
    case 'rich_text':
      return <span className={inCell ? undefined : 'multiline'}>{inCell ? text.replace(/\s+/g, ' ') : text}</span>
    case 'number':
    case 'currency':
    case 'percent':
    case 'date':
    case 'datetime':
    case 'time':
      return <span className="tabular">{text}</span>
    case 'id':
      return <span className="mono">{text}</span>
    default:
      return <>{text}</>
  }
}

function Tick({ isOn, text }: { isOn: boolean; text: string }) {
  return (
    <span role="img" aria-label={text} className={isOn ? 'tick tick-on' : 'tick'}>
      {isOn && <CheckOutlined aria-hidden />}
    </span>
  )
}

const HIDDEN = '******'
const hasStars = (text: string) => text.includes('*')

/** Only addresses of the web become links: a stored "javascript:" must not run. */
function safeAddress(text: string): string | undefined {
  if (/^https?:\/\//i.test(text)) return text
  return /^[a-z][a-z0-9+.-]*:/i.test(text) ? undefined : `https://${text}`
}

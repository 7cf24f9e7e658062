// Numbers, money and percentages. A percentage is typed as 35 and stored as 0.35.
import InputNumber from 'antd/es/input-number'
import { useSession } from '../../frame/session'
import { controlProps } from './controlProps'
import type { FieldInputProps } from './FieldInput'
import { fromPercent, toPercent } from './percent'

export function NumberInput(props: FieldInputProps) {
  const { field, value, onChange } = props
  const { tenant } = useSession()
  const isPercent = field.type === 'percent'
  const number = typeof value === 'number' ? value : value === null || value === '' ? null : Number(value)
  const scale = field.scale ?? undefined
  return (
    <InputNumber
      {...controlProps(props)}
      className="fill"
      value={number === null ? null : isPercent ? toPercent(number) : number}
      // A percentage is not padded: 35, not 35.00.
      precision={isPercent ? undefined : scale}
      controls={false}
      prefix={field.type === 'currency' ? symbolOf(tenant.currency) : undefined}
      suffix={isPercent ? '%' : undefined}
      formatter={field.type === 'currency' ? withThousands : undefined}
      parser={field.type === 'currency' ? (text) => Number((text ?? '').replace(/[,，\s]/g, '')) : undefined}
      onChange={(typed) => onChange(typed === null ? null : isPercent ? fromPercent(Number(typed)) : Number(typed))}
    />
  )
}

function symbolOf(currency: string): string {
  return (
    new Intl.NumberFormat('en', { style: 'currency', currency, currencyDisplay: 'narrowSymbol' })
      .formatToParts(0)
      .find((part) => part.type === 'currency')?.value ?? currency
  )
}

function withThousands(value: number | string | undefined): string {
  const [whole = '', fraction] = String(value ?? '').split('.')
  const grouped = whole.replace(/\B(?=(\d{3})+(?!\d))/g, ',')
  return fraction === undefined ? grouped : `${grouped}.${fraction}`
}

// A day, a moment in the user's time zone, or a time of day.
import DatePicker from 'antd/es/date-picker'
import dayjs from 'dayjs'
import customParseFormat from 'dayjs/plugin/customParseFormat'
import TimePicker from 'antd/es/time-picker'
import { useSession } from '../../frame/session'
import { controlProps } from './controlProps'
import type { FieldInputProps } from './FieldInput'
import { fromWallClock, toWallClock } from './moments'

dayjs.extend(customParseFormat)

export function DateInput(props: FieldInputProps) {
  const { field, value, onChange } = props
  const { user } = useSession()
  const text = typeof value === 'string' && value !== '' ? value : null
  // Typing a date and leaving the field keeps it, without a click on "OK".
  const common = { ...controlProps(props), className: 'fill', needConfirm: false }
  if (field.type === 'date') {
    return (
      <DatePicker
        {...common}
        value={text === null ? null : dayjs(text.slice(0, 10), 'YYYY-MM-DD')}
        format={['YYYY-MM-DD', 'YYYY/M/D', 'YYYYMMDD']}
        onChange={(picked) => onChange(picked === null ? null : picked.format('YYYY-MM-DD'))}
      />
    )
  }
  if (field.type === 'time') {
    return (
      <TimePicker
        {...common}
        value={text === null ? null : dayjs(text.slice(0, 5), 'HH:mm')}
        format="HH:mm"
        onChange={(picked) => onChange(picked === null ? null : picked.format('HH:mm:00.000[Z]'))}
      />
    )
  }
  return (
    <DatePicker
      {...common}
      value={text === null ? null : toWallClock(text, user.time_zone)}
      showTime={{ format: 'HH:mm' }}
      format={['YYYY-MM-DD HH:mm', 'YYYY/M/D H:mm']}
      onChange={(picked) => onChange(picked === null ? null : fromWallClock(picked, user.time_zone))}
    />
  )
}

// Whose trail, which record's trail, and when.
import Button from 'antd/es/button'
import DatePicker from 'antd/es/date-picker'
import Input from 'antd/es/input'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useSession } from '../frame/session'
import { fromWallClock, toWallClock } from '../records/fields/moments'
import type { AuditFilter, Journal } from './journals'
import { PersonPicker } from './PersonPicker'

interface AuditFiltersProps {
  journal: Journal
  filter: AuditFilter
  onChange: (next: Partial<AuditFilter>) => void
}

export function AuditFilters({ journal, filter, onChange }: AuditFiltersProps) {
  const { t } = useTranslation()
  const { user } = useSession()
  const [record, setRecord] = useState(filter.record ?? '')
  useEffect(() => setRecord(filter.record ?? ''), [filter.record])
  const moment = (value: string | null) => (value === null ? null : toWallClock(value, user.time_zone))
  const isNarrowed = Object.values(filter).some((value) => value !== null)

  return (
    <div className="toolbar" role="search" aria-label={t('list.filters')}>
      <PersonPicker value={filter.person} onChange={(person) => onChange({ person })} />
      {journal.record !== null && (
        <Input.Search
          className="audit-record mono"
          allowClear
          value={record}
          placeholder={t('audit.record')}
          aria-label={t('audit.record')}
          onChange={(event) => setRecord(event.target.value.trim())}
          onSearch={(text) => onChange({ record: recordId(text) })}
        />
      )}
      <DatePicker.RangePicker
        showTime={{ format: 'HH:mm' }}
        format="YYYY-MM-DD HH:mm"
        allowEmpty={[true, true]}
        placeholder={[t('audit.from'), t('audit.to')]}
        aria-label={t('audit.time')}
        value={[moment(filter.from), moment(filter.to)]}
        onChange={(range) =>
          onChange({
            from: range?.[0] ? fromWallClock(range[0], user.time_zone) : null,
            to: range?.[1] ? fromWallClock(range[1], user.time_zone) : null,
          })
        }
      />
      {isNarrowed && (
        <Button type="link" onClick={() => onChange({ person: null, record: null, from: null, to: null })}>
          {t('list.clearFilters')}
        </Button>
      )}
    </div>
  )
}

/** Somebody may paste the record's address instead of its id. */
function recordId(text: string): string | null {
  const trimmed = text.trim()
  return trimmed === '' ? null : (/\/r\/(\w+)/.exec(trimmed)?.[1] ?? trimmed)
}

// Audit: one line of time, who saw what, the journals, alerts, evidence, retention; the address holds the filters.
import { AuditOutlined } from '@ant-design/icons'
import Select from 'antd/es/select'
import Tabs from 'antd/es/tabs'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { useNavigate, useParams, useSearchParams } from 'react-router'
import { PageHeader } from '../frame/PageHeader'
import { useMay } from '../frame/session'
import { AuditFilters } from './AuditFilters'
import { Evidence } from './Evidence'
import { JournalList } from './JournalList'
import { JOURNALS, type AuditFilter, type Journal } from './journals'
import { Retention } from './Retention'
import { Summary } from './Summary'
import { Timeline } from './Timeline'

const KINDS = ['read', 'change', 'sign_in', 'setup'] as const
/** What the filters of pages that are no journal may narrow by. */
const ANY: Journal = {
  key: 'access',
  object: '',
  when: '',
  who: '',
  record: { field: '', holdsMany: true },
  columns: [],
}

export function AuditPage() {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const { journal: key = 'access' } = useParams()
  const mayExport = useMay('ExportJournal')
  const mayManage = useMay('ManageAudit')
  const [search, setSearch] = useSearchParams()
  const journal = JOURNALS.find((each) => each.key === key)
  const filter: AuditFilter = useMemo(
    () => ({
      person: search.get('person'),
      record: search.get('record'),
      from: search.get('from'),
      to: search.get('to'),
    }),
    [search],
  )
  const kind = search.get('kind')

  function change(next: Partial<AuditFilter & { kind: string | null }>) {
    const params = new URLSearchParams()
    for (const [name, value] of Object.entries({ ...filter, kind, ...next })) if (value) params.set(name, value)
    setSearch(params, { replace: true })
  }

  const tabs = [
    ...JOURNALS.map((each) => ({ key: each.key, label: t(`audit.journals.${each.key}`) })),
    { key: 'line', label: t('audit.tabs.timeline') },
    { key: 'who', label: t('audit.tabs.summary') },
    ...(mayExport ? [{ key: 'taken', label: t('audit.tabs.evidence') }] : []),
    ...(mayManage ? [{ key: 'keeping', label: t('audit.tabs.retention') }] : []),
  ]

  return (
    <div className="page list-page">
      <PageHeader
        icon={<AuditOutlined aria-hidden />}
        eyebrow={t('audit.lead')}
        title={filter.record ? t('audit.ofRecord') : t('frame.audit')}
      />
      <Tabs
        className="audit-tabs"
        activeKey={key}
        onChange={(next) => void navigate(`/audit/${next}?${search.toString()}`)}
        items={tabs}
      />
      {key !== 'keeping' && <AuditFilters journal={journal ?? ANY} filter={filter} onChange={change} />}
      {key === 'line' && (
        <div className="toolbar">
          <Select
            allowClear
            value={kind}
            placeholder={t('audit.kind')}
            aria-label={t('audit.kind')}
            options={KINDS.map((value) => ({ value, label: t(`audit.kinds.${value}`) }))}
            onChange={(value: string | undefined) => change({ kind: value ?? null })}
          />
        </div>
      )}
      {journal !== undefined && <JournalList key={journal.key} journal={journal} filter={filter} />}
      {key === 'line' && <Timeline filter={filter} kind={kind} />}
      {key === 'who' && <Summary filter={filter} />}
      {key === 'taken' && <Evidence filter={filter} />}
      {key === 'keeping' && <Retention />}
    </div>
  )
}

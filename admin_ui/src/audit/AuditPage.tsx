// Audit: four journals, each narrowed by person, record and time; the address holds it all.
import { AuditOutlined } from '@ant-design/icons'
import Tabs from 'antd/es/tabs'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { useNavigate, useParams, useSearchParams } from 'react-router'
import { PageHeader } from '../frame/PageHeader'
import { AuditFilters } from './AuditFilters'
import { JournalList } from './JournalList'
import { JOURNALS, type AuditFilter } from './journals'

export function AuditPage() {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const { journal: key } = useParams()
  const [search, setSearch] = useSearchParams()
  const journal = JOURNALS.find((each) => each.key === key) ?? JOURNALS[0]
  const filter: AuditFilter = useMemo(
    () => ({
      person: search.get('person'),
      record: search.get('record'),
      from: search.get('from'),
      to: search.get('to'),
    }),
    [search],
  )
  if (journal === undefined) return null

  function change(next: Partial<AuditFilter>) {
    const params = new URLSearchParams()
    for (const [name, value] of Object.entries({ ...filter, ...next })) if (value) params.set(name, value)
    setSearch(params, { replace: true })
  }

  return (
    <div className="page list-page">
      <PageHeader
        icon={<AuditOutlined aria-hidden />}
        eyebrow={t('audit.lead')}
        title={filter.record && journal.record ? t('audit.ofRecord') : t('frame.audit')}
      />
      <Tabs
        className="audit-tabs"
        activeKey={journal.key}
        onChange={(next) => void navigate(`/audit/${next}?${search.toString()}`)}
        items={JOURNALS.map((each) => ({ key: each.key, label: t(`audit.journals.${each.key}`) }))}
      />
      <AuditFilters journal={journal} filter={filter} onChange={change} />
      <JournalList key={journal.key} journal={journal} filter={filter} />
    </div>
  )
}

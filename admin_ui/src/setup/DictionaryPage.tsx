// The data dictionary: where personal and sensitive values lie, how each is masked, and whether reading it is logged.
import { DownloadOutlined } from '@ant-design/icons'
import { useQuery } from '@tanstack/react-query'
import Button from 'antd/es/button'
import Checkbox from 'antd/es/checkbox'
import Tag from 'antd/es/tag'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import {
  CLASSIFICATIONS,
  dataDictionary,
  dictionaryAddress,
  type Classification,
  type DictionaryField,
} from '../api/dictionary'
import { DataTable, type Column } from '../frame/DataTable'
import { PageHeader } from '../frame/PageHeader'
import { SearchBox } from '../frame/SearchBox'
import { useFieldColumns } from './fieldColumns'

const LOOKED_AFTER: Classification[] = ['personal', 'sensitive']
const COLORS: Partial<Record<Classification, string>> = { sensitive: 'red' }

export function DictionaryPage() {
  const { t, i18n } = useTranslation()
  const [q, setQ] = useState('')
  const [wanted, setWanted] = useState<Classification[]>(LOOKED_AFTER)
  const all = useQuery({
    queryKey: ['setup', 'dictionary', wanted, i18n.language],
    queryFn: () => dataDictionary(wanted),
    enabled: wanted.length > 0,
    placeholderData: (previous) => previous,
  })
  const sought = q.toLowerCase()
  const rows = (wanted.length > 0 ? (all.data?.fields ?? []) : []).filter((field) =>
    `${field.object_label} ${field.object} ${field.field_label} ${field.field}`.toLowerCase().includes(sought),
  )

  const columns: Column<DictionaryField>[] = [
    ...useFieldColumns<DictionaryField>(({ field_label, field }) => ({ label: field_label, name: field })),
    {
      key: 'classification',
      title: t('field.classification'),
      cell: (field) => (
        <Tag color={COLORS[field.classification]}>{t(`field.classifications.${field.classification}`)}</Tag>
      ),
    },
    {
      key: 'masked',
      title: t('dictionary.masked'),
      cell: (field) =>
        field.masking_rules.length === 0 ? (
          <span className="muted">{t('dictionary.clear')}</span>
        ) : (
          field.masking_rules.map((rule) => (
            <div key={rule.name}>
              <Link to={`/admin/logic/masking_rule/${rule.name}`}>{rule.label}</Link>
            </div>
          ))
        ),
    },
    {
      key: 'kept',
      title: t('dictionary.kept'),
      cell: (field) => (
        <span className="row">
          {field.logged && <Tag>{t('dictionary.logged')}</Tag>}
          {field.tracked && <Tag>{t('dictionary.tracked')}</Tag>}
          {field.encrypted && <Tag color="green">{t('dictionary.encrypted')}</Tag>}
        </span>
      ),
    },
  ]

  return (
    <div className="page">
      <PageHeader
        title={t('dictionary.title')}
        eyebrow={t('dictionary.lead')}
        actions={
          <Button
            icon={<DownloadOutlined aria-hidden />}
            href={dictionaryAddress(wanted)}
            download
            disabled={wanted.length === 0}
          >
            {t('dictionary.download')}
          </Button>
        }
      />
      <div className="toolbar">
        <SearchBox value={q} label={t('dictionary.search')} onChange={setQ} />
        <Checkbox.Group
          aria-label={t('field.classification')}
          value={wanted}
          options={CLASSIFICATIONS.map((value) => ({ value, label: t(`field.classifications.${value}`) }))}
          onChange={(values) => setWanted(CLASSIFICATIONS.filter((each) => values.includes(each)))}
        />
      </div>
      <DataTable
        query={wanted.length > 0 ? all : { ...all, isPending: false, error: null }}
        rows={rows}
        columns={columns}
        rowKey={(field) => `${field.object}.${field.field}`}
        empty={q === '' ? t('dictionary.none') : t('frame.nothingFound', { q })}
        label={t('dictionary.title')}
      />
    </div>
  )
}

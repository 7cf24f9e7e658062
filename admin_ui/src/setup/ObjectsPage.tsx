// The object manager: every object, packaged or the tenant's own.
import { PlusOutlined } from '@ant-design/icons'
import { useQuery } from '@tanstack/react-query'
import Button from 'antd/es/button'
import Tag from 'antd/es/tag'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link, useSearchParams } from 'react-router'
import { objects } from '../api/setup'
import type { SetupObject } from '../api/types'
import { DataTable, type Column } from '../frame/DataTable'
import { PageHeader } from '../frame/PageHeader'
import { useMay } from '../frame/session'
import { SearchBox } from '../frame/SearchBox'
import { ObjectForm } from './ObjectForm'

export function ObjectsPage() {
  const { t } = useTranslation()
  const [search, setSearch] = useSearchParams()
  const q = search.get('q') ?? ''
  const mayChange = useMay('ManageMetadata')
  const [isMaking, setMaking] = useState(false)
  const all = useQuery({ queryKey: ['setup', 'objects'], queryFn: objects })
  const wanted = (all.data?.objects ?? []).filter((object) =>
    `${object.label} ${object.name} ${object.key_prefix}`.toLowerCase().includes(q.toLowerCase()),
  )

  const columns: Column<SetupObject>[] = [
    {
      key: 'label',
      title: t('object.label'),
      cell: (object) => (
        <Link to={`/admin/objects/${object.name}`} className="record-link">
          {object.label}
        </Link>
      ),
    },
    { key: 'name', title: t('object.name'), className: 'mono', cell: (object) => object.name },
    { key: 'prefix', title: t('object.prefix'), className: 'mono', cell: (object) => object.key_prefix },
    {
      key: 'package',
      title: t('object.package'),
      cell: (object) => (object.custom ? <Tag color="cyan">{t('setup.own')}</Tag> : object.package),
    },
    {
      key: 'sharing',
      title: t('object.sharing'),
      cell: (object) => t(`object.sharings.${object.sharing as 'private'}`),
    },
    { key: 'fields', title: t('object.fields'), className: 'numeric tabular', cell: (object) => object.fields },
  ]

  return (
    <div className="page">
      <PageHeader
        title={t('setup.objects')}
        actions={
          mayChange && (
            <Button type="primary" icon={<PlusOutlined aria-hidden />} onClick={() => setMaking(true)}>
              {t('object.new')}
            </Button>
          )
        }
      />
      <SearchBox
        value={q}
        label={t('object.search')}
        onChange={(text) => setSearch(text === '' ? {} : { q: text }, { replace: true })}
      />
      <DataTable
        query={all}
        rows={wanted}
        columns={columns}
        rowKey={(object) => object.name}
        empty={t('frame.nothingFound', { q })}
      />
      {isMaking && <ObjectForm onClose={() => setMaking(false)} />}
    </div>
  )
}

// The object manager: every object, packaged or the tenant's own.
import { PlusOutlined } from '@ant-design/icons'
import { useQuery } from '@tanstack/react-query'
import Button from 'antd/es/button'
import Input from 'antd/es/input'
import Tag from 'antd/es/tag'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link, useSearchParams } from 'react-router'
import { objects } from '../api/setup'
import { PageHeader } from '../frame/PageHeader'
import { useMay } from '../frame/session'
import { EmptyState, ErrorState, Lines } from '../frame/states'
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
      <Input
        className="setup-search"
        allowClear
        value={q}
        placeholder={t('object.search')}
        aria-label={t('object.search')}
        onChange={(event) => setSearch(event.target.value === '' ? {} : { q: event.target.value }, { replace: true })}
      />
      {all.error ? (
        <ErrorState error={all.error} onRetry={() => void all.refetch()} />
      ) : all.data === undefined ? (
        <Lines />
      ) : wanted.length === 0 ? (
        <EmptyState title={t('frame.nothingFound', { q })} />
      ) : (
        <div className="card scroll-x">
          <table className="plain-table">
            <thead>
              <tr>
                <th scope="col">{t('object.label')}</th>
                <th scope="col">{t('object.name')}</th>
                <th scope="col">{t('object.prefix')}</th>
                <th scope="col">{t('object.package')}</th>
                <th scope="col">{t('object.sharing')}</th>
                <th scope="col" className="numeric">
                  {t('object.fields')}
                </th>
              </tr>
            </thead>
            <tbody>
              {wanted.map((object) => (
                <tr key={object.name}>
                  <td>
                    <Link to={`/admin/objects/${object.name}`} className="record-link">
                      {object.label}
                    </Link>
                  </td>
                  <td className="mono">{object.name}</td>
                  <td className="mono">{object.key_prefix}</td>
                  <td>{object.custom ? <Tag color="cyan">{t('setup.own')}</Tag> : object.package}</td>
                  <td>{t(`object.sharings.${object.sharing as 'private'}`)}</td>
                  <td className="numeric tabular">{object.fields}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {isMaking && <ObjectForm onClose={() => setMaking(false)} />}
    </div>
  )
}

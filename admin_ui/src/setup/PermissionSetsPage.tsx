// Permission sets: the packaged ones to read and clone, the tenant's own to change.
import { PlusOutlined } from '@ant-design/icons'
import { useQuery } from '@tanstack/react-query'
import Button from 'antd/es/button'
import Tag from 'antd/es/tag'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { permissionSets } from '../api/setup'
import type { PermissionSetSummary } from '../api/types'
import { DataTable, type Column } from '../frame/DataTable'
import { PageHeader } from '../frame/PageHeader'
import { useMay } from '../frame/session'
import { NewPermissionSet } from './NewPermissionSet'

export function PermissionSetsPage() {
  const { t } = useTranslation()
  const mayChange = useMay('ManagePermissions')
  const [isMaking, setMaking] = useState(false)
  const all = useQuery({ queryKey: ['setup', 'permission-sets'], queryFn: permissionSets })
  const columns: Column<PermissionSetSummary>[] = [
    {
      key: 'label',
      title: t('permission.label'),
      cell: (set) => (
        <>
          <Link to={`/admin/permission-sets/${set.name}`} className="record-link">
            {set.label}
          </Link>{' '}
          {set.includes.length > 0 && <Tag>{t('permission.group')}</Tag>}
        </>
      ),
    },
    { key: 'name', title: t('object.name'), className: 'mono', cell: (set) => set.name },
    { key: 'description', title: t('object.description'), cell: (set) => set.description },
    {
      key: 'package',
      title: t('object.package'),
      cell: (set) => (set.custom ? <Tag color="cyan">{t('setup.own')}</Tag> : set.package),
    },
    { key: 'users', title: t('setup.users'), className: 'numeric tabular', cell: (set) => set.users },
  ]

  return (
    <div className="page">
      <PageHeader
        title={t('setup.permissionSets')}
        actions={
          mayChange && (
            <Button type="primary" icon={<PlusOutlined aria-hidden />} onClick={() => setMaking(true)}>
              {t('permission.new')}
            </Button>
          )
        }
      />
      <DataTable
        query={all}
        rows={all.data?.permission_sets ?? []}
        columns={columns}
        rowKey={(set) => set.name}
        empty={t('permission.none')}
      />
      {isMaking && <NewPermissionSet onClose={() => setMaking(false)} />}
    </div>
  )
}

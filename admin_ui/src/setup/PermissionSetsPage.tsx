// Permission sets: the packaged ones to read and clone, the tenant's own to change.
import { PlusOutlined } from '@ant-design/icons'
import { useQuery } from '@tanstack/react-query'
import Button from 'antd/es/button'
import Tag from 'antd/es/tag'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Link } from 'react-router'
import { permissionSets } from '../api/setup'
import { PageHeader } from '../frame/PageHeader'
import { useMay } from '../frame/session'
import { ErrorState, Lines } from '../frame/states'
import { NewPermissionSet } from './NewPermissionSet'

export function PermissionSetsPage() {
  const { t } = useTranslation()
  const mayChange = useMay('ManagePermissions')
  const [isMaking, setMaking] = useState(false)
  const all = useQuery({ queryKey: ['setup', 'permission-sets'], queryFn: permissionSets })
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
      {all.error ? (
        <ErrorState error={all.error} onRetry={() => void all.refetch()} />
      ) : all.data === undefined ? (
        <Lines />
      ) : (
        <div className="card scroll-x">
          <table className="plain-table">
            <thead>
              <tr>
                <th scope="col">{t('permission.label')}</th>
                <th scope="col">{t('object.name')}</th>
                <th scope="col">{t('object.description')}</th>
                <th scope="col">{t('object.package')}</th>
                <th scope="col" className="numeric">
                  {t('setup.users')}
                </th>
              </tr>
            </thead>
            <tbody>
              {all.data.permission_sets.map((set) => (
                <tr key={set.name}>
                  <td>
                    <Link to={`/admin/permission-sets/${set.name}`} className="record-link">
                      {set.label}
                    </Link>
                  </td>
                  <td className="mono">{set.name}</td>
                  <td>{set.description}</td>
                  <td>{set.custom ? <Tag color="cyan">{t('setup.own')}</Tag> : set.package}</td>
                  <td className="numeric tabular">{set.users}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {isMaking && <NewPermissionSet onClose={() => setMaking(false)} />}
    </div>
  )
}

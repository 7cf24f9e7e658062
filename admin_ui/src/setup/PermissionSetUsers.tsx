// Who holds a permission set; given and taken one by one, at once.
import { useQueryClient } from '@tanstack/react-query'
import App from 'antd/es/app'
import Button from 'antd/es/button'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { assignPermissionSet, withdrawPermissionSet } from '../api/setup'
import type { PermissionSet } from '../api/types'
import { DataTable, LOADED, useActionsColumn, type Column } from '../frame/DataTable'
import { useMay } from '../frame/session'
import { useErrorText } from '../frame/useErrorText'
import { tidyName } from '../records/names'
import { UserPicker } from './UserPicker'

type Holder = PermissionSet['users'][number]

export function PermissionSetUsers({ set }: { set: PermissionSet }) {
  const { t } = useTranslation()
  const client = useQueryClient()
  const { message } = App.useApp()
  const errorText = useErrorText()
  const mayAssign = useMay('ManageUsers')
  const [chosen, setChosen] = useState<string | null>(null)

  async function attempt(action: () => Promise<void>) {
    try {
      await action()
      setChosen(null)
      await client.invalidateQueries({ queryKey: ['setup', 'permission-sets'] })
      await client.invalidateQueries({ queryKey: ['setup', 'users'] })
    } catch (error) {
      message.error(errorText(error))
    }
  }

  const columns: Column<Holder>[] = [
    { key: 'name', title: t('user.name'), cell: (user) => tidyName(user.name) },
    { key: 'username', title: t('user.username'), cell: (user) => user.username },
    useActionsColumn(
      (user) =>
        mayAssign && (
          <Button
            size="small"
            aria-label={t('permission.withdrawFrom', { name: tidyName(user.name) })}
            onClick={() => void attempt(() => withdrawPermissionSet(set.name, user.id))}
          >
            {t('permission.withdraw')}
          </Button>
        ),
    ),
  ]

  return (
    <div className="stack">
      {mayAssign && (
        <div className="toolbar">
          <UserPicker value={chosen} onChange={setChosen} label={t('permission.chooseUser')} />
          <Button
            disabled={chosen === null}
            onClick={() => chosen !== null && void attempt(() => assignPermissionSet(set.name, chosen))}
          >
            {t('permission.assign')}
          </Button>
        </div>
      )}
      <DataTable
        query={LOADED}
        rows={set.users}
        columns={columns}
        rowKey={(user) => user.id}
        empty={t('permission.nobody')}
      />
    </div>
  )
}

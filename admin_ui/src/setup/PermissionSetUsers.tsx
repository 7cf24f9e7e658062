// Who holds a permission set; given and taken one by one, at once.
import { useQueryClient } from '@tanstack/react-query'
import App from 'antd/es/app'
import Button from 'antd/es/button'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { assignPermissionSet, withdrawPermissionSet } from '../api/setup'
import type { PermissionSet } from '../api/types'
import { useMay } from '../frame/session'
import { useErrorText } from '../frame/useErrorText'
import { tidyName } from '../records/names'
import { UserPicker } from './UserPicker'

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
      <div className="card scroll-x">
        <table className="plain-table">
          <thead>
            <tr>
              <th scope="col">{t('user.name')}</th>
              <th scope="col">{t('user.username')}</th>
              <th scope="col">
                <span className="visually-hidden">{t('action.more')}</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {set.users.map((user) => (
              <tr key={user.id}>
                <td>{tidyName(user.name)}</td>
                <td>{user.username}</td>
                <td className="cell-actions">
                  {mayAssign && (
                    <Button
                      size="small"
                      aria-label={t('permission.withdrawFrom', { name: tidyName(user.name) })}
                      onClick={() => void attempt(() => withdrawPermissionSet(set.name, user.id))}
                    >
                      {t('permission.withdraw')}
                    </Button>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
        {set.users.length === 0 && <p className="muted home-none">{t('permission.nobody')}</p>}
      </div>
    </div>
  )
}

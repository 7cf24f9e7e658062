// Who lets an app act in their name; an administrator may end it.
import { useQuery, useQueryClient } from '@tanstack/react-query'
import App from 'antd/es/app'
import Button from 'antd/es/button'
import Drawer from 'antd/es/drawer'
import { useTranslation } from 'react-i18next'
import { appUsers, endAppUser, type ConnectedApp, type Consent } from '../../api/federation'
import { DataTable, useActionsColumn, type Column } from '../../frame/DataTable'
import { useErrorText } from '../../frame/useErrorText'
import { useReader } from '../../records/fields/useReader'
import { formatDateTime } from '../../records/format'
import { tidyName } from '../../records/names'

export function AppUsers({ app, onClose }: { app: ConnectedApp; onClose: () => void }) {
  const { t } = useTranslation()
  const client = useQueryClient()
  const { message } = App.useApp()
  const errorText = useErrorText()
  const reader = useReader()
  const all = useQuery({ queryKey: ['setup', 'app-users', app.id], queryFn: () => appUsers(app.id) })
  const moment = (text: string | null) =>
    text === null ? t('federation.never') : formatDateTime(text, reader.language, reader.timeZone)

  async function end(user: string) {
    try {
      await endAppUser(app.id, user)
    } catch (error) {
      message.error(errorText(error))
    }
    await client.invalidateQueries({ queryKey: ['setup'] })
  }

  const columns: Column<Consent>[] = [
    { key: 'user', title: t('federation.user'), cell: (each) => tidyName(each.user.name) },
    { key: 'granted', title: t('federation.granted'), className: 'tabular', cell: (each) => moment(each.granted) },
    { key: 'used', title: t('federation.lastUsed'), className: 'tabular', cell: (each) => moment(each.last_used) },
    useActionsColumn((each) => (
      <Button
        size="small"
        danger
        aria-label={t('federation.endOf', { name: tidyName(each.user.name) })}
        onClick={() => void end(each.user.id)}
      >
        {t('federation.end')}
      </Button>
    )),
  ]
  return (
    <Drawer open size={640} title={t('federation.usersOf', { name: app.label })} onClose={onClose}>
      <DataTable
        query={all}
        rows={all.data?.users ?? []}
        columns={columns}
        rowKey={(each) => each.user.id}
        empty={t('federation.noUsers')}
      />
    </Drawer>
  )
}

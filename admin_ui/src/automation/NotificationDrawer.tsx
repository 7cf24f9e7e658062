// What the user was told, the newest first; opening one marks it as read and leads to its record.
import Button from 'antd/es/button'
import Drawer from 'antd/es/drawer'
import Segmented from 'antd/es/segmented'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useNavigate } from 'react-router'
import type { NotificationItem } from '../api/automation'
import { EmptyState, ErrorState, Lines } from '../frame/states'
import { useReader } from '../records/fields/useReader'
import { formatDateTime } from '../records/format'
import { useMarkRead, useNotifications } from './useNotifications'

type Shown = 'all' | 'unread'
const WIDTH = 400

export function NotificationDrawer({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const [shown, setShown] = useState<Shown>('all')
  const told = useNotifications(shown === 'unread')
  const markRead = useMarkRead()
  const items = told.data?.pages.flatMap((page) => page.notifications) ?? []
  const unread = told.data?.pages[0]?.unread ?? 0

  function open(item: NotificationItem) {
    // That it stays unread when the server can't be reached is no reason to stop.
    if (!item.is_read) markRead([item.id]).catch(() => undefined)
    if (item.record_id === null) return
    onClose()
    void navigate(`/r/${item.record_id}`)
  }

  return (
    <Drawer open onClose={onClose} placement="right" size={WIDTH} title={t('notification.title')}>
      <div className="toolbar">
        <Segmented<Shown>
          aria-label={t('notification.which')}
          value={shown}
          options={[
            { value: 'all', label: t('notification.all') },
            { value: 'unread', label: t('notification.unread') },
          ]}
          onChange={setShown}
        />
        <Button
          type="link"
          className="push-right"
          disabled={unread === 0}
          onClick={() => void markRead(null).catch(() => undefined)}
        >
          {t('notification.readAll')}
        </Button>
      </div>
      {told.error ? (
        <ErrorState error={told.error} onRetry={() => void told.refetch()} />
      ) : told.data === undefined ? (
        <Lines />
      ) : items.length === 0 ? (
        <EmptyState title={t(shown === 'unread' ? 'notification.noneUnread' : 'notification.none')} />
      ) : (
        <ul className="notification-list">
          {items.map((item) => (
            <li key={item.id}>
              <NotificationButton item={item} onOpen={() => open(item)} />
            </li>
          ))}
        </ul>
      )}
      {told.hasNextPage && (
        <Button type="link" loading={told.isFetchingNextPage} onClick={() => void told.fetchNextPage()}>
          {t('action.showMore')}
        </Button>
      )}
    </Drawer>
  )
}

function NotificationButton({ item, onOpen }: { item: NotificationItem; onOpen: () => void }) {
  const { t } = useTranslation()
  const reader = useReader()
  return (
    <button
      type="button"
      className={item.is_read ? 'notification' : 'notification notification-unread'}
      onClick={onOpen}
    >
      <span className="notification-title">
        {!item.is_read && <span className="visually-hidden">{t('notification.unreadMark')} </span>}
        {item.title}
      </span>
      {item.body !== null && item.body !== '' && <span className="notification-body">{item.body}</span>}
      <span className="muted small tabular">{formatDateTime(item.date, reader.language, reader.timeZone)}</span>
    </button>
  )
}

// Global search: "/" goes there, what is found shows while typing, Enter opens the page with all of it.
import { SearchOutlined } from '@ant-design/icons'
import Button from 'antd/es/button'
import Input from 'antd/es/input'
import type { InputRef } from 'antd/es/input'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useRef, useState, type KeyboardEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { useNavigate } from 'react-router'
import { search } from '../api/endpoints'
import { formatPhone } from '../records/format'
import { MetadataIcon } from './MetadataIcon'
import { useDebounced } from './useDebounced'
import { useIsPhone } from './useMedia'
import { useShortcut } from './useShortcut'

const QUICK = 5

export function GlobalSearch() {
  const { t } = useTranslation()
  const navigate = useNavigate()
  const isPhone = useIsPhone()
  const input = useRef<InputRef>(null)
  const [text, setText] = useState('')
  const [isOpen, setOpen] = useState(false)
  const [isShown, setShown] = useState(false)
  const [active, setActive] = useState(-1)
  const sought = useDebounced(text.trim(), 180)
  useShortcut('/', () => {
    // At once where the field is there already: the next key may be on its way.
    if (input.current) input.current.focus()
    else show()
  })

  /** On a phone the field is there only while it is used. */
  function show() {
    setShown(true)
    setTimeout(() => input.current?.focus())
  }

  const found = useQuery({
    queryKey: ['search', sought, null, QUICK],
    queryFn: ({ signal }) => search(sought, null, QUICK, signal),
    enabled: isOpen && sought.length > 0,
    placeholderData: keepPreviousData,
  })
  const groups = sought === '' ? [] : (found.data?.groups ?? [])
  const hits = groups.flatMap((group) => group.records.map((record) => ({ ...record, object: group.object })))
  const isPanelOpen = isOpen && text.trim() !== ''

  function leave() {
    setOpen(false)
    setShown(false)
    setActive(-1)
  }

  function open(id: string) {
    leave()
    setText('')
    input.current?.blur()
    void navigate(`/r/${id}`)
  }

  function onKeyDown(event: KeyboardEvent) {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault()
      const step = event.key === 'ArrowDown' ? 1 : -1
      setActive((current) => Math.max(-1, Math.min(hits.length - 1, current + step)))
    } else if (event.key === 'Escape') {
      leave()
      input.current?.blur()
    } else if (event.key === 'Enter' && text.trim() !== '') {
      const hit = hits[active]
      if (hit) return open(hit.id)
      leave()
      input.current?.blur()
      void navigate(`/search?q=${encodeURIComponent(text.trim())}`)
    }
  }

  if (isPhone && !isShown) {
    return (
      <Button
        type="text"
        className="push-right"
        icon={<SearchOutlined aria-hidden />}
        aria-label={t('frame.search')}
        onClick={show}
      />
    )
  }

  return (
    <div className={`global-search${isPhone ? ' global-search-phone' : ''}`} role="search">
      <Input
        ref={input}
        value={text}
        allowClear
        prefix={<SearchOutlined aria-hidden />}
        suffix={isPhone || text !== '' ? null : <kbd aria-hidden>/</kbd>}
        placeholder={t('frame.searchPlaceholder')}
        role="combobox"
        aria-label={t('frame.search')}
        aria-expanded={isPanelOpen}
        aria-controls="search-panel"
        aria-activedescendant={hits[active] ? `search-hit-${active}` : undefined}
        onChange={(event) => {
          setText(event.target.value)
          setOpen(true)
          setActive(-1)
        }}
        onFocus={() => setOpen(true)}
        // The panel must still be there when a click in it arrives.
        onBlur={() => setTimeout(leave, 150)}
        onKeyDown={onKeyDown}
      />
      {isPanelOpen && (
        <div id="search-panel" className="search-panel" role="listbox" aria-label={t('frame.searchResults')}>
          {groups.map((group) => (
            <div key={group.object} role="group" aria-label={group.label}>
              <div className="search-group">
                <MetadataIcon name={group.icon} /> {group.label}
              </div>
              {group.records.map((record) => {
                const index = hits.findIndex((hit) => hit.id === record.id)
                return (
                  <div
                    key={record.id}
                    id={`search-hit-${index}`}
                    role="option"
                    aria-selected={index === active}
                    className={`search-hit${index === active ? ' search-hit-active' : ''}`}
                    onMouseDown={(event) => event.preventDefault()}
                    onClick={() => open(record.id)}
                  >
                    <span>{record.name}</span>
                    <span className="muted">
                      {record.details.map((detail) => formatPhone(detail.value)).join(' · ')}
                    </span>
                  </div>
                )
              })}
            </div>
          ))}
          {hits.length === 0 && (
            <div className="search-none muted" role="status">
              {found.isFetching || sought !== text.trim()
                ? t('frame.searching')
                : t('frame.nothingFound', { q: sought })}
            </div>
          )}
          <div className="search-more muted">{t('frame.searchAll')}</div>
        </div>
      )}
    </div>
  )
}

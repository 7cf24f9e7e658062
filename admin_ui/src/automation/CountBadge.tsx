// A number on an icon or beside a link; its meaning is told by what it stands on.
const MOST = 99

export function CountBadge({ count }: { count: number }) {
  if (count === 0) return null
  return (
    <span className="count-badge" aria-hidden>
      {count > MOST ? `${MOST}+` : count}
    </span>
  )
}

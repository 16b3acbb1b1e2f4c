import type { ReactNode } from "react";

/** What a part shows while it has nothing: why, and the way on. */
export function Empty({ title, children }: { readonly title: string; readonly children?: ReactNode }) {
  return (
    <div className="empty">
      <p className="empty-title">{title}</p>
      {children ? <div className="empty-ways">{children}</div> : null}
    </div>
  );
}
